//! One reservation in 16 bytes.

use crate::time::Timestamp;

/// Where a reservation is in its life. Each is resolved once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ReservationState {
    /// Units are held until a deadline.
    Held = 0,
    /// Paid.
    Confirmed = 1,
    /// Given back by the buyer.
    Released = 2,
    /// Given back by time.
    Expired = 3,
    /// Paid and paid back, all of it.
    Refunded = 4,
    /// In line for units that come back.
    Waiting = 5,
    /// Units are kept for a user who waited, until a deadline.
    Offered = 6,
}

impl ReservationState {
    /// Every state.
    pub const ALL: [ReservationState; 7] = [
        ReservationState::Held,
        ReservationState::Confirmed,
        ReservationState::Released,
        ReservationState::Expired,
        ReservationState::Refunded,
        ReservationState::Waiting,
        ReservationState::Offered,
    ];

    /// The word in replies.
    pub fn word(self) -> &'static str {
        match self {
            ReservationState::Held => "HELD",
            ReservationState::Confirmed => "CONFIRMED",
            ReservationState::Released => "RELEASED",
            ReservationState::Expired => "EXPIRED",
            ReservationState::Refunded => "REFUNDED",
            ReservationState::Waiting => "WAITING",
            ReservationState::Offered => "OFFERED",
        }
    }

    /// The state with this code.
    pub fn from_code(code: u8) -> Option<ReservationState> {
        ReservationState::ALL.get(usize::from(code)).copied()
    }

    /// True while the reservation has units of the stock.
    pub fn is_live(self) -> bool {
        matches!(self, ReservationState::Held | ReservationState::Confirmed | ReservationState::Offered)
    }

    /// True while the reservation has units until a deadline.
    pub fn has_deadline(self) -> bool {
        matches!(self, ReservationState::Held | ReservationState::Offered)
    }

    /// True while the user is in line, or was offered units and did not answer.
    pub fn is_queued(self) -> bool {
        matches!(self, ReservationState::Waiting | ReservationState::Offered)
    }
}

/// What a row's bytes hold beside the user's name, and how its deadline is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The user has an earlier row; the bytes name its slot instead of the user.
    pub repeat: bool,
    /// The bytes begin with a request token.
    pub token: bool,
    /// The bytes hold a payload.
    pub data: bool,
    /// The deadline stands in an index of its own.
    pub pinned: bool,
}

impl Marks {
    /// True if the bytes are the user's name and nothing else.
    pub fn is_name_alone(self) -> bool {
        !(self.repeat || self.token || self.data)
    }
}

const QTY_BITS: u32 = 20;
const STATE_BITS: u32 = 3;
const MARK_BITS: u32 = 4;
const DEADLINE_BITS: u32 = 37;
const PLACE_BITS: u32 = 23;
const CREATED_BITS: u32 = 41;

const STATE_SHIFT: u32 = QTY_BITS;
const MARK_SHIFT: u32 = STATE_SHIFT + STATE_BITS;
const DEADLINE_SHIFT: u32 = MARK_SHIFT + MARK_BITS;

/// The longest hold in milliseconds that a row can keep (4.3 years).
pub const HOLD_MS_MAX: u64 = (1 << DEADLINE_BITS) - 1;
/// The longest time in milliseconds between a sale's creation and a reservation (69 years).
pub const AGE_MS_MAX: u64 = (1 << CREATED_BITS) - 1;
/// Bytes at most before a row's own in its chunk.
pub const PLACE_MAX: usize = (1 << PLACE_BITS) - 1;
/// Units at most in one reservation.
pub const QTY_MAX: u64 = 1_000_000;

/// A reservation's fixed part, packed into two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// qty, state, marks, deadline as ms after creation (0: none)
    terms: u64,
    /// start of the row's bytes in its chunk, creation as ms after the sale's
    origin: u64,
}

impl Row {
    /// A row; the numbers are within the bounds above.
    pub fn new(
        qty: u64,
        state: ReservationState,
        marks: Marks,
        place: usize,
        age_ms: u64,
        hold_ms: u64,
    ) -> Row {
        debug_assert!(qty <= QTY_MAX && place <= PLACE_MAX && age_ms <= AGE_MS_MAX && hold_ms <= HOLD_MS_MAX);
        let flags = u64::from(marks.repeat)
            | u64::from(marks.token) << 1
            | u64::from(marks.data) << 2
            | u64::from(marks.pinned) << 3;
        Row {
            terms: qty | (state as u64) << STATE_SHIFT | flags << MARK_SHIFT | hold_ms << DEADLINE_SHIFT,
            origin: place as u64 | age_ms << PLACE_BITS,
        }
    }

    /// Units.
    pub fn qty(self) -> u64 {
        self.terms & mask(QTY_BITS)
    }

    /// State.
    pub fn state(self) -> ReservationState {
        let code = (self.terms >> STATE_SHIFT) & mask(STATE_BITS);
        ReservationState::from_code(code as u8).unwrap_or(ReservationState::Released)
    }

    /// Marks.
    pub fn marks(self) -> Marks {
        let flag = |bit: u32| (self.terms >> (MARK_SHIFT + bit)) & 1 == 1;
        Marks { repeat: flag(0), token: flag(1), data: flag(2), pinned: flag(3) }
    }

    /// Start of the row's bytes.
    pub fn place(self) -> usize {
        (self.origin & mask(PLACE_BITS)) as usize
    }

    /// Milliseconds between the sale's creation and the reservation's.
    pub fn age_ms(self) -> u64 {
        self.origin >> PLACE_BITS
    }

    /// Milliseconds from the reservation's creation to its deadline; 0 if it never had one.
    pub fn hold_ms(self) -> u64 {
        self.terms >> DEADLINE_SHIFT
    }

    /// When it was made, in a sale made at `base`.
    pub fn created(self, base: Timestamp) -> Timestamp {
        base.after(self.age_ms())
    }

    /// The deadline shown to the buyer, in a sale made at `base`.
    pub fn deadline(self, base: Timestamp) -> Option<Timestamp> {
        (self.hold_ms() > 0).then(|| self.created(base).after(self.hold_ms()))
    }

    /// True for a hold whose deadline follows from its place in the table.
    pub fn is_plain_hold(self) -> bool {
        self.state() == ReservationState::Held && !self.marks().pinned
    }

    /// The same row in another state.
    pub fn with_state(self, state: ReservationState) -> Row {
        let terms = self.terms & !(mask(STATE_BITS) << STATE_SHIFT) | (state as u64) << STATE_SHIFT;
        Row { terms, ..self }
    }

    /// The same row with another hold whose deadline stands in an index of its own.
    pub fn with_pinned_hold(self, hold_ms: u64) -> Row {
        let terms = self.terms & mask(DEADLINE_SHIFT) | hold_ms << DEADLINE_SHIFT;
        Row { terms: terms | 1 << (MARK_SHIFT + 3), ..self }
    }
}

const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_gives_back_what_was_put_in() {
        let marks = Marks { repeat: true, token: false, data: true, pinned: false };
        let row = Row::new(QTY_MAX, ReservationState::Expired, marks, PLACE_MAX, AGE_MS_MAX, HOLD_MS_MAX);
        assert_eq!((row.qty(), row.state(), row.marks()), (QTY_MAX, ReservationState::Expired, marks));
        assert_eq!((row.place(), row.age_ms(), row.hold_ms()), (PLACE_MAX, AGE_MS_MAX, HOLD_MS_MAX));
        let held = row.with_state(ReservationState::Held);
        assert_eq!(
            (held.qty(), held.state(), held.hold_ms()),
            (QTY_MAX, ReservationState::Held, HOLD_MS_MAX)
        );
        let pinned = held.with_pinned_hold(5);
        assert!(pinned.marks().pinned && held.is_plain_hold() && !pinned.is_plain_hold());
        assert_eq!((pinned.qty(), pinned.hold_ms(), pinned.marks().data), (QTY_MAX, 5, true));
    }

    #[test]
    fn a_row_takes_sixteen_bytes() {
        assert_eq!(size_of::<Row>(), 16);
    }
}
