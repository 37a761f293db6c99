//! The dense table of reservations: rows by slot, names and tokens beside them.
//!
//! A chunk has 1,024 rows and the bytes that belong to them, so the table grows without moving anything.
//! A row's bytes are, in this order: the slot of the user's first row (if there is one before),
//! the request token, the payload, and else the user's name.

use super::blocks::Mover;
use super::row::{Marks, ReservationState, Row};
use crate::ids::Slot;
use crate::time::Timestamp;

/// Rows of a chunk.
const CHUNK_ROWS: usize = 1024;

/// Whose reservation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buyer<'a> {
    /// A user without a row so far.
    New(&'a [u8]),
    /// A user whose first row stands there.
    Known(Slot),
}

/// What a new row is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewRow<'a> {
    pub(crate) buyer: Buyer<'a>,
    pub(crate) qty: u64,
    pub(crate) state: ReservationState,
    pub(crate) age_ms: u64,
    pub(crate) hold_ms: u64,
    pub(crate) pinned: bool,
    pub(crate) token: Option<&'a [u8]>,
    pub(crate) data: Option<&'a [u8]>,
}

/// Rows by slot.
#[derive(Clone, Debug, Default)]
pub struct Table {
    chunks: Vec<Chunk>,
    len: u32,
}

#[derive(Clone, Debug, Default)]
struct Chunk {
    rows: Vec<Row>,
    bytes: Vec<u8>,
    /// Units of the chunk's plain holds.
    held: u64,
    /// The latest moment at which a plain hold of the chunk falls due.
    latest_due: Timestamp,
}

/// The bytes of a row, taken apart.
struct Parts<'a> {
    first: Option<Slot>,
    token: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
    rest: &'a [u8],
}

impl Table {
    /// Number of rows.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// The row at `slot`, which must be below `len`.
    pub fn row(&self, slot: Slot) -> Row {
        let (chunk, at) = address(slot);
        self.chunks[chunk].rows[at]
    }

    /// The user of `slot`.
    #[inline]
    pub fn user(&self, slot: Slot) -> &[u8] {
        let (marks, bytes) = self.own(slot);
        if marks.is_name_alone() {
            return bytes;
        }
        let parts = take_apart(marks, bytes);
        match parts.first {
            Some(first) => self.parts(first).rest,
            None => parts.rest,
        }
    }

    /// The first row of the user of `slot`.
    pub fn first_of(&self, slot: Slot) -> Slot {
        if self.row(slot).marks().repeat { self.parts(slot).first.unwrap_or(slot) } else { slot }
    }

    /// The request token of `slot`.
    pub fn token(&self, slot: Slot) -> Option<&[u8]> {
        self.parts(slot).token
    }

    /// The payload of `slot`.
    pub fn data(&self, slot: Slot) -> Option<&[u8]> {
        self.parts(slot).data
    }

    /// Appends a row. `due` is when it falls due, if it is a hold.
    pub fn push(&mut self, new: &NewRow<'_>, due: Timestamp) -> Slot {
        if self.len as usize == self.chunks.len() * CHUNK_ROWS {
            self.chunks.push(Chunk::default());
        }
        let slot = Slot(self.len);
        self.len += 1;
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(new, due);
        }
        slot
    }

    /// Resolves a reservation, or takes it up again.
    pub fn set_state(&mut self, slot: Slot, state: ReservationState) {
        self.replace(slot, |row| row.with_state(state));
    }

    /// Gives a hold a deadline of its own.
    pub fn pin(&mut self, slot: Slot, hold_ms: u64) {
        self.replace(slot, |row| row.with_pinned_hold(hold_ms));
    }

    /// The first plain hold from `from` on and below `end`.
    pub fn next_plain_hold(&self, from: u32, end: u32) -> Option<Slot> {
        let mut at = from;
        while at < end {
            let (chunk, offset) = address(Slot(at));
            if self.chunks[chunk].held == 0 {
                at += (CHUNK_ROWS - offset) as u32;
            } else if self.chunks[chunk].rows[offset].is_plain_hold() {
                return Some(Slot(at));
            } else {
                at += 1;
            }
        }
        None
    }

    /// Units of the plain holds from `from` on and below `end` for which `is_due` holds, up to the first that is not.
    pub fn plain_units(&self, from: u32, end: u32, now: Timestamp, is_due: impl Fn(Slot) -> bool) -> u64 {
        let mut units = 0;
        let mut at = from;
        while at < end {
            let (chunk, offset) = address(Slot(at));
            let whole = offset == 0 && at + CHUNK_ROWS as u32 <= end;
            if whole && self.chunks[chunk].latest_due <= now {
                units += self.chunks[chunk].held;
                at += CHUNK_ROWS as u32;
                continue;
            }
            let row = self.chunks[chunk].rows[offset];
            if row.is_plain_hold() {
                if !is_due(Slot(at)) {
                    return units;
                }
                units += row.qty();
            }
            at += 1;
        }
        units
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        let chunks: usize =
            self.chunks.iter().map(|c| c.rows.capacity() * size_of::<Row>() + c.bytes.capacity()).sum();
        chunks + self.chunks.capacity() * size_of::<Chunk>()
    }

    /// Number of allocations.
    pub fn allocations(&self) -> usize {
        self.chunks.len() * 2 + 1
    }

    /// Shows the rows and the bytes of each chunk to `visit`, which may move them; the chunk that grows is left out.
    pub fn full_chunks_mut(&mut self) -> impl Iterator<Item = impl FnOnce(&mut dyn Mover)> {
        self.chunks.iter_mut().filter(|chunk| chunk.rows.len() == CHUNK_ROWS).map(|chunk| {
            |mover: &mut dyn Mover| {
                let mut rows = std::mem::take(&mut chunk.rows).into_boxed_slice();
                let mut bytes = std::mem::take(&mut chunk.bytes).into_boxed_slice();
                mover.rows(&mut rows);
                mover.bytes(&mut bytes);
                (chunk.rows, chunk.bytes) = (rows.into_vec(), bytes.into_vec());
            }
        })
    }

    fn replace(&mut self, slot: Slot, change: impl Fn(Row) -> Row) {
        let (chunk, at) = address(slot);
        let chunk = &mut self.chunks[chunk];
        let old = chunk.rows[at];
        let new = change(old);
        chunk.rows[at] = new;
        chunk.held -= if old.is_plain_hold() { old.qty() } else { 0 };
        chunk.held += if new.is_plain_hold() { new.qty() } else { 0 };
    }

    fn parts(&self, slot: Slot) -> Parts<'_> {
        let (marks, bytes) = self.own(slot);
        take_apart(marks, bytes)
    }

    /// The bytes that belong to `slot`, and what they hold.
    #[inline]
    fn own(&self, slot: Slot) -> (Marks, &[u8]) {
        let (chunk, at) = address(slot);
        let chunk = &self.chunks[chunk];
        let row = chunk.rows[at];
        let end = chunk.rows.get(at + 1).map_or(chunk.bytes.len(), |next| next.place());
        (row.marks(), &chunk.bytes[row.place()..end])
    }
}

impl Chunk {
    fn push(&mut self, new: &NewRow<'_>, due: Timestamp) {
        let place = self.bytes.len();
        let marks = Marks {
            repeat: matches!(new.buyer, Buyer::Known(_)),
            token: new.token.is_some(),
            data: new.data.is_some(),
            pinned: new.pinned,
        };
        if let Buyer::Known(first) = new.buyer {
            self.bytes.extend_from_slice(&first.0.to_le_bytes());
        }
        if let Some(token) = new.token {
            self.bytes.push(token.len() as u8);
            self.bytes.extend_from_slice(token);
        }
        if let Some(data) = new.data {
            self.bytes.extend_from_slice(&(data.len() as u16).to_le_bytes());
            self.bytes.extend_from_slice(data);
        }
        if let Buyer::New(user) = new.buyer {
            self.bytes.extend_from_slice(user);
        }
        let row = Row::new(new.qty, new.state, marks, place, new.age_ms, new.hold_ms);
        self.rows.push(row);
        if row.is_plain_hold() {
            self.held += new.qty;
            self.latest_due = self.latest_due.max(due);
        }
        if self.rows.len() == CHUNK_ROWS {
            self.rows.shrink_to_fit();
            self.bytes.shrink_to_fit();
        }
    }
}

fn address(slot: Slot) -> (usize, usize) {
    (slot.0 as usize / CHUNK_ROWS, slot.0 as usize % CHUNK_ROWS)
}

/// Takes a row's own bytes apart; they were put together by `Chunk::push`.
fn take_apart(marks: Marks, bytes: &[u8]) -> Parts<'_> {
    let mut rest = bytes;
    let mut take = |len: usize| {
        let (taken, left) = rest.split_at(len);
        rest = left;
        taken
    };
    let first =
        marks.repeat.then(|| take(4)).and_then(|b| b.try_into().ok()).map(|b| Slot(u32::from_le_bytes(b)));
    let token = if marks.token {
        let len = usize::from(take(1)[0]);
        Some(take(len))
    } else {
        None
    };
    let data = if marks.data {
        let len = take(2);
        let len = usize::from(len[0]) | usize::from(len[1]) << 8;
        Some(take(len))
    } else {
        None
    };
    Parts { first, token, data, rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(buyer: Buyer<'a>, token: Option<&'a [u8]>, data: Option<&'a [u8]>) -> NewRow<'a> {
        let state = ReservationState::Held;
        NewRow { buyer, qty: 1, state, age_ms: 0, hold_ms: 5, pinned: false, token, data }
    }

    #[test]
    fn names_tokens_and_payloads_come_back_as_they_were() {
        let mut table = Table::default();
        let long = vec![0xff; 4096];
        for n in 0..3000u32 {
            let name = n.to_be_bytes();
            table.push(&row(Buyer::New(&name), (n % 2 == 0).then_some(b"t\0"), None), Timestamp(5));
            table.push(&row(Buyer::Known(Slot(n * 2)), None, (n % 3 == 0).then_some(&long)), Timestamp(5));
        }
        for n in 0..3000u32 {
            let (first, second) = (Slot(n * 2), Slot(n * 2 + 1));
            assert_eq!((table.user(first), table.user(second)), (&n.to_be_bytes()[..], &n.to_be_bytes()[..]));
            assert_eq!((table.first_of(first), table.first_of(second)), (first, first));
            assert_eq!(table.token(first), (n % 2 == 0).then_some(&b"t\0"[..]));
            assert_eq!(table.data(second), (n % 3 == 0).then_some(&long[..]));
            assert_eq!((table.data(first), table.token(second)), (None, None));
        }
    }

    #[test]
    fn plain_units_count_what_is_due_and_no_more() {
        let mut table = Table::default();
        for n in 0..5000u64 {
            let name = n.to_be_bytes();
            table.push(&row(Buyer::New(&name), None, None), Timestamp(n));
        }
        for n in (0..5000).step_by(3) {
            table.set_state(Slot(n), ReservationState::Confirmed);
        }
        for now in [0, 1, 500, 1023, 1024, 2047, 3000, 4999, 9000] {
            let expected = (1..5000).filter(|n| n % 3 != 0 && *n <= now).count() as u64;
            let units = table.plain_units(1, 5000, Timestamp(now), |slot| u64::from(slot.0) <= now);
            assert_eq!(units, expected, "at {now}");
        }
    }

    #[test]
    fn plain_units_leave_out_holds_that_were_pinned_or_are_due_later() {
        let mut table = Table::default();
        let rows = CHUNK_ROWS as u32;
        for n in 0..rows {
            let due = if n == 0 { 20 } else { 10 };
            table.push(&row(Buyer::New(&n.to_le_bytes()), None, None), Timestamp(due));
        }
        let units =
            |table: &Table, now| table.plain_units(0, rows, Timestamp(now), |slot| slot.0 > 0 || now >= 20);
        assert_eq!((units(&table, 10), units(&table, 20)), (0, u64::from(rows)));
        table.pin(Slot(1), 500);
        table.set_state(Slot(2), ReservationState::Released);
        assert_eq!(units(&table, 20), u64::from(rows) - 2);
    }
}
