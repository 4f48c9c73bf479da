import {
  IconActivity, IconAddressBook, IconArchive, IconArrowsExchange, IconBarcode, IconBell, IconBolt, IconBook, IconBooks, IconBox, IconBriefcase, IconBuilding,
  IconBuildingBank, IconBuildingFactory2, IconBuildingStore, IconBuildingWarehouse, IconCalendar, IconCalendarEvent, IconCash, IconCategory, IconChartBar, IconCheckbox,
  IconChecklist, IconClipboardList, IconClock, IconCoin, IconCoins, IconCreditCard, IconCube, IconCurrencyEuro, IconDatabase, IconFile, IconFileInvoice, IconFlag, IconFolder,
  IconForklift, IconGift, IconHash, IconHeartHandshake, IconHierarchy, IconHome, IconId, IconInbox, IconKey, IconListDetails, IconLifebuoy, IconMail, IconMap, IconMapPin, IconMessage,
  IconMessages, IconMoneybag, IconNote, IconNotes, IconPackage, IconPackages, IconPaperclip, IconPercentage, IconPhone, IconPuzzle, IconReceipt, IconReportMoney, IconRuler, IconScale, IconSchool,
  IconSettings, IconShield, IconShip, IconShoppingCart, IconStack2, IconStar, IconTable, IconTag, IconTags, IconTarget, IconTicket, IconTools, IconTransfer, IconTrendingUp, IconTruck,
  IconTruckDelivery, IconUser, IconUsers, IconUsersGroup, IconUserCircle, IconWorld, IconShieldLock, IconBuildingSkyscraper, IconCalendarTime, IconBuildingCommunity, IconUserCheck, IconRulerMeasure, IconArrowsTransferUpDown, IconBeach, IconCalendarWeek, IconMessageCircle, IconTargetArrow,
  type Icon,
} from '@tabler/icons-react'

/** Icons that modules may name (Tabler's names). Static imports: a catalogue of 5,000 icons does not belong in the first load. */
const icons: Readonly<Record<string, Icon>> = {
  activity: IconActivity, 'address-book': IconAddressBook, archive: IconArchive, 'arrows-exchange': IconArrowsExchange, barcode: IconBarcode, bell: IconBell, bolt: IconBolt, book: IconBook,
  books: IconBooks, box: IconBox, briefcase: IconBriefcase, building: IconBuilding, 'building-bank': IconBuildingBank, 'building-factory': IconBuildingFactory2, 'building-factory-2': IconBuildingFactory2,
  'building-store': IconBuildingStore, 'building-warehouse': IconBuildingWarehouse, 'building-skyscraper': IconBuildingSkyscraper, 'building-community': IconBuildingCommunity, calendar: IconCalendar,
  'calendar-event': IconCalendarEvent, 'calendar-time': IconCalendarTime, cash: IconCash, category: IconCategory, 'chart-bar': IconChartBar, checkbox: IconCheckbox, checklist: IconChecklist,
  'clipboard-list': IconClipboardList, clock: IconClock, coin: IconCoin, coins: IconCoins, 'credit-card': IconCreditCard, cube: IconCube, 'currency-euro': IconCurrencyEuro, database: IconDatabase,
  file: IconFile, 'file-invoice': IconFileInvoice, flag: IconFlag, folder: IconFolder, forklift: IconForklift, gift: IconGift, hash: IconHash, 'heart-handshake': IconHeartHandshake,
  hierarchy: IconHierarchy, home: IconHome, id: IconId, inbox: IconInbox, key: IconKey, 'list-details': IconListDetails, lifebuoy: IconLifebuoy, mail: IconMail, map: IconMap, 'map-pin': IconMapPin,
  message: IconMessage, messages: IconMessages, moneybag: IconMoneybag, note: IconNote, notes: IconNotes, package: IconPackage, packages: IconPackages, paperclip: IconPaperclip,
  percentage: IconPercentage, phone: IconPhone, puzzle: IconPuzzle, receipt: IconReceipt, 'report-money': IconReportMoney, ruler: IconRuler, 'ruler-measure': IconRulerMeasure, scale: IconScale,
  school: IconSchool, settings: IconSettings, shield: IconShield, 'shield-lock': IconShieldLock, ship: IconShip, 'shopping-cart': IconShoppingCart, stack: IconStack2, 'stack-2': IconStack2,
  star: IconStar, table: IconTable, tag: IconTag, tags: IconTags, target: IconTarget, ticket: IconTicket, tools: IconTools, transfer: IconTransfer, 'trending-up': IconTrendingUp, truck: IconTruck,
  'truck-delivery': IconTruckDelivery, user: IconUser, users: IconUsers, 'users-group': IconUsersGroup, 'user-circle': IconUserCircle, 'user-check': IconUserCheck, world: IconWorld, 'arrows-transfer-up-down': IconArrowsTransferUpDown, beach: IconBeach,
  'calendar-week': IconCalendarWeek, 'message-circle': IconMessageCircle, 'target-arrow': IconTargetArrow,
}

export function NamedIcon({ name, size = 16 }: { readonly name: string; readonly size?: number }) {
  const Found = icons[name] ?? IconTable
  return <Found size={size} stroke={1.5} aria-hidden />
}

/** Option and entity colours: the hue as a CSS variable; 260 is gray, a tenth of the chroma. */
export const hueStyle = (hue: number): Record<string, number> => ({ '--h': hue, '--tint': hue === 260 ? 0.1 : 1 })

/** The small coloured square that stands for an entity wherever one of its records is named. */
export function EntityIcon({ icon, hue, size = 16 }: { readonly icon: string; readonly hue: number; readonly size?: number }) {
  return (
    <span className="hue entity-icon" style={{ ...hueStyle(hue), width: size, height: size }} aria-hidden>
      <NamedIcon name={icon} size={Math.round(size * 0.75)} />
    </span>
  )
}
