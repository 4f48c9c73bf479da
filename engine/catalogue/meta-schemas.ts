import display from '../../metadata/display.schema.json' with { type: 'json' }
import entity from '../../metadata/entity.schema.json' with { type: 'json' }
import i18n from '../../metadata/i18n.schema.json' with { type: 'json' }
import module from '../../metadata/module.schema.json' with { type: 'json' }
import trait from '../../metadata/trait.schema.json' with { type: 'json' }
import view from '../../metadata/view.schema.json' with { type: 'json' }

/** By kind of file; they refer to one another as `{kind}.schema.json`. */
export const metaSchemas = { module, entity, trait, view, display, i18n }
