import { useRoles } from '../api/access.ts'
import { Tick } from '../shell/form-dialog.tsx'

/** Which roles somebody has. */
export function RolePicks({
  label = 'Roles',
  chosen,
  fault,
  onChange,
}: {
  readonly label?: string
  readonly chosen: readonly string[]
  readonly fault: string | null
  readonly onChange: (roles: readonly string[]) => void
}) {
  const { data: roles } = useRoles()
  return (
    <fieldset className="labelled">
      <legend className="label">{label}</legend>
      <div className="role-picks">
        {roles?.map(({ id, title }) => (
          <Tick
            key={id}
            label={title}
            help={id}
            checked={chosen.includes(id)}
            onChange={(checked) => onChange(checked ? [...chosen, id] : chosen.filter((each) => each !== id))}
          />
        ))}
      </div>
      {fault !== null && <p className="field-fault">{fault}</p>}
    </fieldset>
  )
}

/** Titles of roles, in words; an id of one that is gone stays an id. */
export function useRoleTitles(): (id: string) => string {
  const { data: roles } = useRoles()
  return (id) => roles?.find((role) => role.id === id)?.title ?? id
}
