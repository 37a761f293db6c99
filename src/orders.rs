//! Order events into the sale's stream.

use std::cell::Cell;

use lazy_static::lazy_static;
use seckill_core::orders::{Event, FIELDS, Kind};
use seckill_core::sale::EPOCH_MAX;

use crate::host::{
    Appended, Arg, Context, EntryFields, Fields, HostString, SharedString, Stream, StreamError,
};

lazy_static! {
    /// The fields' names, made once.
    static ref NAMES: [SharedString; 7] = FIELDS.map(|name| SharedString::new(name.as_bytes()));
    static ref DATA: SharedString = SharedString::new(b"data");
    /// The values that come most often: kinds of events, and the numbers of one digit.
    static ref EV: [SharedString; Kind::ALL.len()] =
        Kind::ALL.map(|kind| SharedString::new(kind.word().as_bytes()));
    static ref DIGITS: [SharedString; 10] =
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"].map(|digit| SharedString::new(digit.as_bytes()));
}

/// Entries that are looked at for a former sale of the same name.
const LOOK_BACK: usize = 10_000;

thread_local! {
    /// The newest deadline and its digits: holds taken in the same millisecond share them.
    static DEADLINE: Cell<Option<(u64, HostString)>> = const { Cell::new(None) };
}

/// Appends an event: the same bytes on a primary, which takes the next id, and on a replica, which was told it.
///
/// # Errors
/// [`StreamError::Refused`] if the stream cannot take the id.
pub fn append(
    ctx: &Context,
    stream: Stream<'_>,
    sale: Arg<'_>,
    event: &Event<'_>,
    id: Option<Appended>,
) -> Result<Appended, StreamError> {
    let newest = (event.deadline > 0).then(|| newest_deadline(event.deadline));
    let mut fields = Fields::new();
    let [ev, sale_field, seq, id_field, user, qty, deadline] = &*NAMES;
    match EV.get(event.kind as usize) {
        Some(word) => fields.lend(ev.arg(), word.arg()),
        None => fields.give(ev.arg(), event.kind.word().as_bytes()),
    }
    fields.lend(sale_field.arg(), sale);
    fields.give(seq.arg(), Pair::new(event.seq).text());
    give_number(&mut fields, id_field, event.id);
    match ctx.argument(event.user) {
        Some(argument) => fields.lend(user.arg(), argument),
        None => fields.give(user.arg(), event.user),
    }
    give_number(&mut fields, qty, event.qty);
    match &newest {
        Some((_, digits)) => fields.lend(deadline.arg(), digits.arg()),
        None => give_number(&mut fields, deadline, 0),
    }
    if let Some(data) = event.data {
        fields.give(DATA.arg(), data);
    }
    let appended = stream.append(id, &mut fields);
    if newest.is_some() {
        drop(fields);
        DEADLINE.set(newest);
    }
    appended
}

fn newest_deadline(deadline: u64) -> (u64, HostString) {
    let newest = DEADLINE.take().filter(|(at, _)| *at == deadline);
    newest.unwrap_or_else(|| (deadline, HostString::new(itoa::Buffer::new().format(deadline).as_bytes())))
}

/// The newest epoch in which a sale of this name wrote to the stream, as far back as is looked.
pub fn newest_epoch(stream: &mut Stream<'_>, sale: &[u8]) -> Option<u32> {
    stream.look_back(LOOK_BACK, |entry| epoch_of(entry, sale))
}

/// The epoch of an entry, if it is one of this sale.
fn epoch_of(entry: &mut EntryFields<'_>, sale: &[u8]) -> Option<u32> {
    let [_, sale_field, seq_field, ..] = FIELDS;
    let mut value = |wanted: &str| {
        entry.find(|(name, _)| name.arg().bytes() == wanted.as_bytes()).map(|(_, value)| value)
    };
    value(sale_field).filter(|value| value.arg().bytes() == sale)?;
    let seq = value(seq_field)?;
    let (epoch, _) = std::str::from_utf8(seq.arg().bytes()).ok()?.split_once('-')?;
    epoch.parse().ok().filter(|epoch| *epoch < EPOCH_MAX)
}

fn give_number<N: itoa::Integer + Copy + TryInto<usize>>(
    fields: &mut Fields<'_>,
    name: &'static SharedString,
    number: N,
) {
    match number.try_into().ok().and_then(|digit: usize| DIGITS.get(digit)) {
        Some(shared) => fields.lend(name.arg(), shared.arg()),
        None => fields.give(name.arg(), itoa::Buffer::new().format(number).as_bytes()),
    }
}

/// `epoch-number` on the stack.
struct Pair {
    bytes: [u8; Pair::BYTES],
    len: usize,
}

impl Pair {
    /// Digits of both numbers at most, and the hyphen.
    const BYTES: usize = 10 + 1 + 20;

    fn new((epoch, number): (u32, u64)) -> Pair {
        let mut pair = Pair { bytes: [0; Pair::BYTES], len: 0 };
        pair.push(itoa::Buffer::new().format(epoch));
        pair.push("-");
        pair.push(itoa::Buffer::new().format(number));
        pair
    }

    fn push(&mut self, text: &str) {
        let free = self.bytes.iter_mut().skip(self.len);
        free.zip(text.bytes()).for_each(|(to, from)| *to = from);
        self.len += text.len();
    }

    fn text(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
