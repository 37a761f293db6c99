//! An order event as it is read from a stream: fields in, an event or the reason why it is none out.

use std::fmt;
use std::str::FromStr;

/// What can have happened, as the field `ev` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The user waits in the sale's list.
    Waitlisted,
    /// The head of the list was offered units.
    Offered,
    /// Units were taken until a deadline.
    Reserved,
    /// The buyer has more time.
    Extended,
    /// The buyer gave units back.
    Released,
    /// Time gave units back.
    Expired,
    /// Units were paid, in time or late.
    Confirmed,
    /// Units were paid back.
    Refunded,
    /// A reservation that was lost with a server was made again.
    Adopted,
    /// There are more units to sell, or fewer.
    Restocked,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 10] = [
        Kind::Waitlisted,
        Kind::Offered,
        Kind::Reserved,
        Kind::Extended,
        Kind::Released,
        Kind::Expired,
        Kind::Confirmed,
        Kind::Refunded,
        Kind::Adopted,
        Kind::Restocked,
    ];

    /// The word in the field `ev`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Waitlisted => "WAITLISTED",
            Kind::Offered => "OFFERED",
            Kind::Reserved => "RESERVED",
            Kind::Extended => "EXTENDED",
            Kind::Released => "RELEASED",
            Kind::Expired => "EXPIRED",
            Kind::Confirmed => "CONFIRMED",
            Kind::Refunded => "REFUNDED",
            Kind::Adopted => "ADOPTED",
            Kind::Restocked => "RESTOCKED",
        }
    }

    /// The kind of a word, if it is one.
    pub fn of(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The id of a stream entry: `ms-number`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// Unix milliseconds by the server's clock.
    pub ms: u64,
    /// Which entry of that millisecond.
    pub number: u64,
}

impl EntryId {
    /// The smallest id that is larger.
    #[must_use]
    pub fn next(self) -> EntryId {
        match self.number.checked_add(1) {
            Some(number) => EntryId { number, ..self },
            None => EntryId { ms: self.ms.saturating_add(1), number: 0 },
        }
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}-{}", self.ms, self.number)
    }
}

impl FromStr for EntryId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (ms, number) = text.split_once('-').ok_or(())?;
        Ok(EntryId { ms: ms.parse().map_err(|_| ())?, number: number.parse().map_err(|_| ())? })
    }
}

/// The place of an event among all events of its sale: epoch first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq {
    /// Which life of the sale; below 2^31.
    pub epoch: i64,
    /// 1, 2, 3, … without a gap in the epoch.
    pub number: i64,
}

impl fmt::Display for Seq {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}-{}", self.epoch, self.number)
    }
}

/// An order event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// The key of the sale.
    pub sale: String,
    /// Its place among the sale's events.
    pub seq: Seq,
    /// Which reservation; 0 if none.
    pub reservation: i64,
    /// Whose; empty if nobody's.
    pub user: String,
    /// Units: of the reservation, of this refund, or the change of the stock.
    pub qty: i64,
    /// The end of the hold in Unix milliseconds; 0 if there is none.
    pub deadline: i64,
    /// The payload given to RESERVE: any bytes.
    pub data: Option<Vec<u8>>,
    /// The stream entry that told of it first.
    pub entry: EntryId,
}

/// Why an entry is no order event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poison {
    /// A field is not there.
    Missing(&'static str),
    /// A field that must be text is not UTF-8, or holds a NUL, which no SQL text can.
    NotText(&'static str),
    /// A field that must be a number in its range is none.
    NotNumber(&'static str),
    /// Nobody here knows what happened.
    UnknownKind(String),
    /// The fields are right by themselves but not together.
    Contradiction(&'static str),
}

impl fmt::Display for Poison {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Poison::Missing(field) => write!(to, "field {field} is missing"),
            Poison::NotText(field) => write!(to, "field {field} is not text"),
            Poison::NotNumber(field) => write!(to, "field {field} is not a number in its range"),
            Poison::UnknownKind(word) => write!(to, "unknown ev {word}"),
            Poison::Contradiction(what) => write!(to, "{what}"),
        }
    }
}

/// The field that a letter sent again carries: the entry that it was first.
pub const FIRST_ENTRY: &str = "entry";

/// Most units of one event, as a sale's stock is limited.
const MOST_UNITS: i64 = 1 << 53;
const MOST_EPOCH: i64 = 1 << 31;

/// Fields in the order in which the stream gives them.
pub type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads the fields of an entry; more fields than are known do no harm.
///
/// # Errors
/// Why it is no event.
pub fn read(entry: EntryId, fields: &Fields) -> Result<Event, Poison> {
    let word = text(fields, "ev")?;
    let kind = Kind::of(word).ok_or_else(|| Poison::UnknownKind(word.chars().take(40).collect()))?;
    let event = Event {
        kind,
        sale: text(fields, "sale")?.to_owned(),
        seq: seq(text(fields, "seq")?)?,
        reservation: number(fields, "id", 0..=i64::MAX)?,
        user: text(fields, "user")?.to_owned(),
        qty: number(fields, "qty", -MOST_UNITS..=MOST_UNITS)?,
        deadline: number(fields, "deadline", 0..=i64::MAX)?,
        data: find(fields, "data").map(<[u8]>::to_vec),
        entry: first_entry(fields).unwrap_or(entry),
    };
    contradiction(&event).map_or(Ok(event), |what| Err(Poison::Contradiction(what)))
}

fn contradiction(event: &Event) -> Option<&'static str> {
    let is_about_stock = event.kind == Kind::Restocked;
    if event.sale.is_empty() {
        Some("the sale has no name")
    } else if is_about_stock != (event.reservation == 0) {
        Some("the event and its reservation do not belong together")
    } else if !is_about_stock && event.qty <= 0 {
        Some("a reservation of no units")
    } else if !is_about_stock && event.user.is_empty() {
        Some("a reservation of nobody")
    } else {
        None
    }
}

fn first_entry(fields: &Fields) -> Option<EntryId> {
    std::str::from_utf8(find(fields, FIRST_ENTRY)?).ok()?.parse().ok()
}

fn find<'a>(fields: &'a Fields, wanted: &str) -> Option<&'a [u8]> {
    fields.iter().find(|(name, _)| name == wanted.as_bytes()).map(|(_, value)| value.as_slice())
}

fn text<'a>(fields: &'a Fields, name: &'static str) -> Result<&'a str, Poison> {
    let bytes = find(fields, name).ok_or(Poison::Missing(name))?;
    let text = std::str::from_utf8(bytes).map_err(|_| Poison::NotText(name))?;
    if text.contains('\0') { Err(Poison::NotText(name)) } else { Ok(text) }
}

fn number(fields: &Fields, name: &'static str, range: std::ops::RangeInclusive<i64>) -> Result<i64, Poison> {
    let number = text(fields, name)?.parse().ok().filter(|number| range.contains(number));
    number.ok_or(Poison::NotNumber(name))
}

fn seq(text: &str) -> Result<Seq, Poison> {
    let parts = text
        .split_once('-')
        .and_then(|(epoch, number)| Some(Seq { epoch: epoch.parse().ok()?, number: number.parse().ok()? }));
    parts.filter(|seq| (0..MOST_EPOCH).contains(&seq.epoch) && seq.number > 0).ok_or(Poison::NotNumber("seq"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 8] = [
        ("ev", "RESERVED"),
        ("sale", "phone"),
        ("seq", "1-12"),
        ("id", "4294967308"),
        ("user", "alice"),
        ("qty", "2"),
        ("deadline", "1795428961000"),
        ("data", "gift"),
    ];

    fn with(name: &str, value: &[u8]) -> Fields {
        let good = GOOD.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        let mut fields: Fields = good.collect();
        fields.retain(|(known, _)| known != name.as_bytes());
        fields.push((name.as_bytes().to_vec(), value.to_vec()));
        fields
    }

    fn without(name: &str) -> Fields {
        with(name, b"").into_iter().filter(|(known, _)| known != name.as_bytes()).collect()
    }

    const AT: EntryId = EntryId { ms: 5, number: 1 };

    #[test]
    fn an_entry_is_an_event() {
        let event = read(AT, &with("more", b"is ignored")).unwrap();
        assert_eq!(
            (event.kind, event.sale.as_str(), event.seq.to_string()),
            (Kind::Reserved, "phone", "1-12".into())
        );
        assert_eq!((event.reservation, event.user.as_str(), event.qty), (4_294_967_308, "alice", 2));
        assert_eq!(
            (event.deadline, event.data.as_deref(), event.entry),
            (1_795_428_961_000, Some(&b"gift"[..]), AT)
        );
    }

    #[test]
    fn every_missing_field_is_named_but_data_may_be() {
        for (name, _) in &GOOD[..7] {
            assert_eq!(read(AT, &without(name)).unwrap_err().to_string(), format!("field {name} is missing"));
        }
        assert_eq!(read(AT, &without("data")).unwrap().data, None);
    }

    #[test]
    fn what_no_database_takes_as_text_is_poison() {
        assert_eq!(read(AT, &with("user", b"\xff\xfe")), Err(Poison::NotText("user")));
        assert_eq!(read(AT, &with("sale", b"a\0b")), Err(Poison::NotText("sale")));
        assert_eq!(read(AT, &with("data", b"\xff\0")).unwrap().data.unwrap(), b"\xff\0");
    }

    #[test]
    fn numbers_out_of_range_are_poison() {
        for (name, value) in [("qty", "1e3"), ("id", "-1"), ("id", "99999999999999999999"), ("deadline", "")]
        {
            assert!(
                matches!(read(AT, &with(name, value.as_bytes())), Err(Poison::NotNumber(_))),
                "{name} {value}"
            );
        }
        for value in ["12", "-1-3", "0-0", "a-b", "4294967296-1"] {
            assert_eq!(read(AT, &with("seq", value.as_bytes())), Err(Poison::NotNumber("seq")), "{value}");
        }
    }

    #[test]
    fn contradictions_are_poison() {
        for (name, value) in
            [("sale", ""), ("id", "0"), ("qty", "0"), ("qty", "-1"), ("user", ""), ("ev", "RESTOCKED")]
        {
            assert!(
                matches!(read(AT, &with(name, value.as_bytes())), Err(Poison::Contradiction(_))),
                "{name}"
            );
        }
        assert_eq!(read(AT, &with("ev", b"SOLD")), Err(Poison::UnknownKind("SOLD".to_owned())));
    }

    #[test]
    fn a_letter_sent_again_remembers_the_entry_it_was() {
        assert_eq!(read(AT, &with("entry", b"3-7")).unwrap().entry, EntryId { ms: 3, number: 7 });
        assert_eq!(read(AT, &with("entry", b"nonsense")).unwrap().entry, AT);
    }

    #[test]
    fn every_event_of_the_module_is_known() {
        for kind in seckill_core::orders::Kind::ALL {
            assert!(Kind::of(kind.word()).is_some(), "{}", kind.word());
        }
    }

    #[test]
    fn ids_are_ordered_and_have_a_next() {
        assert!(AT < AT.next() && AT.next() < EntryId { ms: 6, number: 0 });
        assert_eq!(EntryId { ms: 5, number: u64::MAX }.next(), EntryId { ms: 6, number: 0 });
    }
}
