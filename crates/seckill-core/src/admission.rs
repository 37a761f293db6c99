//! Who may ask a sale: the checks between a request's token and window, and its quota and stock.

use crate::sale::{Ineligible, Refusal, Reserve, Sale};
use crate::ticket::BadTicket;
use crate::time::Moment;

/// What came of looking at who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// The caller may ask, if the sale's limits allow.
    Open,
    /// The sale answers without asking who it is: it is not open, or has decided the request before.
    Settled,
    /// The caller may not.
    Refused(Refusal),
}

/// What a caller shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The tier that the caller says, or a gateway that is trusted.
    pub tier: u32,
    /// The tier inside the ticket, which wins, or what is wrong with the ticket; `None` where none is looked at.
    pub ticket: Option<Result<u32, BadTicket>>,
}

impl Shown {
    /// The tier that counts: a ticket that is not good is of nobody in particular.
    pub fn tier(&self) -> u32 {
        match self.ticket {
            None => self.tier,
            Some(Ok(tier)) => tier,
            Some(Err(_)) => 0,
        }
    }
}

/// Checks who asks, in the order of [`Refusal`], and takes the caller's tier into the request. Charges nothing.
///
/// # Errors
/// What `is_in_filter` fails with, if it is asked at all.
pub fn screen<E>(
    sale: &Sale,
    moment: Moment,
    ask: &mut Reserve<'_>,
    shown: Shown,
    is_in_filter: impl FnOnce() -> Result<bool, E>,
) -> Result<Entrance, E> {
    ask.tier = shown.tier();
    if sale.preview(moment, ask).is_err() {
        return Ok(Entrance::Settled);
    }
    if let Some(Err(bad)) = shown.ticket {
        return Ok(Entrance::Refused(Refusal::BadTicket(bad)));
    }
    if ask.tier < sale.terms().access.tier_min {
        return Ok(Entrance::Refused(Refusal::Ineligible(Ineligible::Tier)));
    }
    let entrance = if is_in_filter()? {
        Entrance::Open
    } else {
        Entrance::Refused(Refusal::Ineligible(Ineligible::Filter))
    };
    Ok(entrance)
}
