//! How often a sale lets callers ask.

use crate::bounds::{COUNT_MAX, DURATION_MS_MAX, Invalid};

/// So many requests in so many milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests.
    pub count: u64,
    /// Milliseconds.
    pub period_ms: u64,
}

/// The limits of a sale: each is for whom it says, and all must allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Of all callers together.
    pub sale: Option<Rate>,
    /// Of each user.
    pub user: Option<Rate>,
    /// Of each address.
    pub ip: Option<Rate>,
}

/// Whose limit refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// That of the user.
    User,
    /// That of the address.
    Ip,
    /// That of the sale.
    Sale,
}

impl Scope {
    /// The word in replies.
    pub fn word(self) -> &'static str {
        match self {
            Scope::User => "USER",
            Scope::Ip => "IP",
            Scope::Sale => "SALE",
        }
    }
}

impl Rates {
    /// True if nobody is limited.
    pub fn are_none(&self) -> bool {
        *self == Rates::default()
    }

    pub(super) fn check(&self) -> Result<(), Invalid> {
        let sound = |rate: &Rate| {
            (1..=COUNT_MAX).contains(&rate.count) && (1..=DURATION_MS_MAX).contains(&rate.period_ms)
        };
        if [self.sale, self.user, self.ip].iter().flatten().all(sound) {
            return Ok(());
        }
        Err(Invalid("a rate must be 1 to 9007199254740992 requests in 1 to 31536000000 milliseconds"))
    }
}
