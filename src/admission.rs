//! What only a primary can check of a request to reserve: tickets, tiers, filters, and how often callers ask.

use std::cell::RefCell;

use seckill_core::admission::{self, Entrance, Shown};
use seckill_core::sale::{Rates, Refusal, Reserve, Terms};
use seckill_core::ticket::{self, Secret};
use seckill_core::time::Timestamp;
use seckill_core::turnstile::Turnstile;

use crate::filter::{self, Presence};
use crate::host::{Arg, Context, Failure};
use crate::types::SaleValue;
use crate::{life, settings, slot};

/// What a caller shows.
#[derive(Clone, Copy, Default)]
pub struct Pass<'a> {
    /// What the caller says, or a gateway that is trusted.
    pub tier: u32,
    /// What a gateway signed.
    pub ticket: Option<&'a [u8]>,
    /// Where the caller is.
    pub ip: Option<&'a [u8]>,
}

/// Secrets as they are set, ready for use.
#[derive(Default)]
struct Keyring {
    /// Which settings these are.
    version: u64,
    /// The secret that makes tickets.
    current: Option<Secret>,
    /// The one before it, while it is being changed.
    previous: Option<Secret>,
}

thread_local! {
    static KEYRING: RefCell<Keyring> = RefCell::default();
}

/// The error where tickets are asked for and there is no secret.
pub const DISABLED: &str = "DISABLED tickets need a secret: CONFIG SET seckill.ticket-secret <secret>";

/// True if tickets can be made.
pub fn has_secret() -> bool {
    with_keyring(|ring| ring.current.is_some())
}

/// A ticket of a user for a sale.
///
/// # Errors
/// `DISABLED` without a secret.
pub fn issue(sale: Arg<'_>, user: &[u8], expiry: Timestamp, tier: u32) -> Result<String, Failure> {
    let ticket = with_keyring(|ring| {
        ring.current.as_ref().map(|secret| secret.issue(sale.bytes(), user, expiry, tier))
    });
    ticket.ok_or_else(|| DISABLED.into())
}

/// Checks who asks, takes the caller's tier into the request, and charges the sale's limits.
///
/// A request that the sale refuses before that, or has decided already, passes: the sale answers it.
///
/// # Errors
/// The refusal, or `DISABLED` where the sale wants tickets and the server has no secret.
pub fn admit(
    ctx: &Context,
    sale: Arg<'_>,
    value: &mut SaleValue,
    ask: &mut Reserve<'_>,
    pass: Pass<'_>,
) -> Result<Option<Refusal>, Failure> {
    match screen(ctx, sale, value, ask, pass)? {
        Entrance::Open => Ok(charge(ctx, value, ask.user, pass.ip).err()),
        Entrance::Settled => Ok(None),
        Entrance::Refused(refusal) => Ok(Some(refusal)),
    }
}

/// Checks who asks, and takes the caller's tier into the request. Charges nothing.
///
/// # Errors
/// As [`admit`].
pub fn screen(
    ctx: &Context,
    sale: Arg<'_>,
    value: &SaleValue,
    ask: &mut Reserve<'_>,
    pass: Pass<'_>,
) -> Result<Entrance, Failure> {
    let Terms { access, rates, .. } = *value.sale.terms();
    if access.is_open() && rates.are_none() && value.sale.filter().is_empty() {
        return Ok(Entrance::Open);
    }
    if rates.ip.is_some() && pass.ip.is_none() {
        return Err("ERR the sale has an IPRATE: say the caller's address after IP".into());
    }
    if access.tickets && !has_secret() {
        return Err(DISABLED.into());
    }
    let moment = value.moment(ctx);
    let now = moment.now;
    let wanted = access.tickets || pass.ticket.is_some() && has_secret();
    let ticket = wanted.then(|| check(pass.ticket, sale, ask.user, now));
    let shown = Shown { tier: pass.tier, ticket };
    let user = ask.user;
    admission::screen(&value.sale, moment, ask, shown, || is_in_filter(ctx, value, user))
}

/// Charges a request to the sale's limits, all of them or none. A replica charges nothing.
///
/// # Errors
/// [`Refusal::Limited`].
pub fn charge(ctx: &Context, value: &mut SaleValue, user: &[u8], ip: Option<&[u8]>) -> Result<(), Refusal> {
    at_turnstile(value, |gate, rates| gate.pass(Timestamp(ctx.now_ms()), rates, user, ip.unwrap_or_default()))
}

/// Says whether the sale's limits would allow a request.
///
/// # Errors
/// As [`charge`].
pub fn peek(ctx: &Context, value: &mut SaleValue, user: &[u8], ip: Option<&[u8]>) -> Result<(), Refusal> {
    at_turnstile(value, |gate, rates| gate.peek(Timestamp(ctx.now_ms()), rates, user, ip.unwrap_or_default()))
}

fn at_turnstile(
    value: &mut SaleValue,
    ask: impl FnOnce(&mut Turnstile, &Rates) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let rates = value.sale.terms().rates;
    if rates.are_none() || !life::is_primary() {
        return Ok(());
    }
    ask(value.turnstile.get_or_insert_with(|| Box::new(Turnstile::new(life::seed()))), &rates)
}

/// The key that a sale's filter is to stand under.
///
/// # Errors
/// [`Failure`] if a filter cannot stand there.
pub fn take_filter(ctx: &Context, sale: Arg<'_>, filter: Arg<'_>) -> Result<Box<[u8]>, Failure> {
    if filter.bytes().is_empty() {
        return Err("ERR FILTER must be at least 1 byte long".into());
    }
    if ctx.is_cluster() && slot::of(filter.bytes()) != slot::of(sale.bytes()) {
        return Err(
            "CROSSSLOT the sale and its filter must be in the same slot: give both the same {hash tag}"
                .into(),
        );
    }
    filter::presence(ctx, filter, b"")?;
    Ok(filter.bytes().into())
}

/// False if the sale's filter is sure that the user is not in it.
fn is_in_filter(ctx: &Context, value: &SaleValue, user: &[u8]) -> Result<bool, Failure> {
    let Some(name) = value.filter() else { return Ok(true) };
    match filter::presence(ctx, name, user)? {
        Presence::Perhaps => Ok(true),
        Presence::SurelyNot => Ok(false),
        Presence::NoFilter => Err(filter::no_filter()),
    }
}

fn check(
    ticket: Option<&[u8]>,
    sale: Arg<'_>,
    user: &[u8],
    now: Timestamp,
) -> Result<u32, ticket::BadTicket> {
    with_keyring(|ring| {
        let secrets = ring.current.iter().chain(&ring.previous);
        ticket::check(secrets, ticket, sale.bytes(), user, now)
    })
}

fn with_keyring<T>(look: impl FnOnce(&Keyring) -> T) -> T {
    KEYRING.with_borrow_mut(|ring| {
        let version = settings::secrets_version();
        if ring.version != version {
            let [current, previous] = settings::secrets().map(|bytes| Secret::new(&bytes));
            *ring = Keyring { version, current, previous };
        }
        look(ring)
    })
}
