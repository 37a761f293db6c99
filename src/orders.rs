//! Order events into the sale's stream.

use std::fmt::Write;

use lazy_static::lazy_static;
use seckill_core::orders::{Event, FIELDS};

use crate::host::{Appended, Arg, Fields, SharedString, Stream, StreamError};

lazy_static! {
    /// The fields' names, made once.
    static ref NAMES: [SharedString; 7] = FIELDS.map(|name| SharedString::new(name.as_bytes()));
    static ref DATA: SharedString = SharedString::new(b"data");
}

/// Appends an event: the same bytes on a primary, which takes the next id, and on a replica, which was told it.
///
/// # Errors
/// [`StreamError::Refused`] if the stream cannot take the id.
pub fn append(
    stream: Stream<'_>,
    sale: Arg<'_>,
    event: &Event<'_>,
    id: Option<Appended>,
) -> Result<Appended, StreamError> {
    let mut fields = Fields::new();
    let [ev, sale_field, seq, id_field, user, qty, deadline] = &*NAMES;
    let mut number = Digits::default();
    fields.give(ev.arg(), event.ev.as_bytes());
    fields.lend(sale_field.arg(), sale);
    fields.give(seq.arg(), number.pair(event.seq));
    fields.give(id_field.arg(), number.one(event.id));
    fields.give(user.arg(), event.user);
    fields.give(qty.arg(), number.one(event.qty));
    fields.give(deadline.arg(), number.one(event.deadline));
    if let Some(data) = event.data {
        fields.give(DATA.arg(), data);
    }
    stream.append(id, fields)
}

/// Writes numbers without allocating anew.
#[derive(Default)]
struct Digits(String);

impl Digits {
    fn one(&mut self, number: impl itoa::Integer) -> &[u8] {
        self.0.clear();
        self.0.push_str(itoa::Buffer::new().format(number));
        self.0.as_bytes()
    }

    fn pair(&mut self, (epoch, number): (u32, u64)) -> &[u8] {
        self.0.clear();
        let _ = write!(self.0, "{epoch}-{number}");
        self.0.as_bytes()
    }
}
