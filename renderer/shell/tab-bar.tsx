import { Drawer } from '@mantine/core'
import { IconHome, IconMenu2, IconPlus, IconSearch } from '@tabler/icons-react'
import { useState } from 'react'
import { may, useCatalogue } from '../api/catalogue.ts'
import { EntityIcon } from '../fields/icons.tsx'
import { A } from '../model/navigation.tsx'
import { useOverlays } from '../model/overlays.tsx'
import { useAddress } from '../model/route.ts'
import { OptionList } from '../fields/option-list.tsx'
import { navigationOf, UserMenu } from './sidebar.tsx'

/** Navigation at phone width: five targets within reach of a thumb. */
export function TabBar() {
  const catalogue = useCatalogue()
  const { openPalette, openCreate } = useOverlays()
  const { entity } = useAddress()
  const [menu, setMenu] = useState(false)
  const [choosing, setChoosing] = useState(false)
  const modules = navigationOf(catalogue)
  const creatable = modules
    .flatMap((module) => module.items)
    .map((item) => item.entity)
    .filter((each) => each.kind === 'record' && may(each, 'create'))
  const create = (): void => {
    if (entity && may(entity, 'create') && entity.kind === 'record') openCreate({ entity: entity.id })
    else setChoosing(true)
  }
  return (
    <nav className="tab-bar" aria-label="Main">
      <A href="/" className="tab">
        <IconHome size={20} stroke={1.5} aria-hidden />
        Home
      </A>
      <button className="tab" onClick={openPalette}>
        <IconSearch size={20} stroke={1.5} aria-hidden />
        Search
      </button>
      {creatable.length > 0 && (
        <button className="tab tab-create" onClick={create} aria-label="Create">
          <span>
            <IconPlus size={20} stroke={1.75} aria-hidden />
          </span>
        </button>
      )}
      <button className="tab" onClick={() => setMenu(true)} aria-haspopup="dialog">
        <IconMenu2 size={20} stroke={1.5} aria-hidden />
        Menu
      </button>
      <Drawer
        opened={menu}
        onClose={() => setMenu(false)}
        position="left"
        size={300}
        title={catalogue.tenant.name}
        classNames={{ header: 'sheet-header', body: 'menu-body', title: 'strong' }}
      >
        {modules.map((module) => (
          <section key={module.id} aria-label={module.title}>
            <div className="nav-module-title">{module.title}</div>
            {module.items.map((item) => (
              <A key={item.href} href={item.href} className="nav-row" onClick={() => setMenu(false)}>
                <EntityIcon icon={item.entity.display.icon} hue={item.entity.display.hue} size={20} />
                <span className="nav-title">{item.title}</span>
              </A>
            ))}
          </section>
        ))}
        <div className="menu-user">
          <UserMenu collapsed={false} />
        </div>
      </Drawer>
      <Drawer
        opened={choosing}
        onClose={() => setChoosing(false)}
        position="bottom"
        size="auto"
        title="Create"
        classNames={{ content: 'sheet', header: 'sheet-header', body: 'sheet-body', title: 'strong' }}
      >
        <OptionList
          label="Create"
          options={creatable.map((each) => ({
            id: each.id,
            text: each.title,
            content: (
              <>
                <EntityIcon icon={each.display.icon} hue={each.display.hue} />
                <span>{each.title}</span>
              </>
            ),
          }))}
          onPick={(id) => {
            setChoosing(false)
            openCreate({ entity: id })
          }}
        />
      </Drawer>
    </nav>
  )
}
