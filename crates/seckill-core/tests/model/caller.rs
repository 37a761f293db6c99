//! Those who ask: with and without tickets, tiers and addresses, in the filter or not, too often or not.

use std::collections::HashMap;

use seckill_core::admission::{self, Entrance, Shown};
use seckill_core::limit::{Ask, Bucket, Rule, decide};
use seckill_core::sale::{Ineligible, Rate, Rates, Refusal, Reserve, Sale, Scope};
use seckill_core::ticket::{self, BadTicket, Secret};
use seckill_core::time::{Moment, Timestamp};
use seckill_core::turnstile::Turnstile;

use super::random::Random;
use super::{Bytes, Naive};

const SALE: Bytes = b"sale";
const SECRET: Bytes = b"a secret of the tests";
const ADDRESSES: [Bytes; 3] = [b"10.0.0.1", b"10.0.0.2", b"::1"];

/// What a caller brings along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ticket {
    /// Nothing.
    None,
    /// A good one of this tier.
    Good(u32),
    /// One that was good.
    Stale(u32),
    /// One of another user.
    Borrowed(u32),
    /// Some bytes.
    Rubbish,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    ticket: Ticket,
    ip: Bytes,
    /// `None`: the filter is gone.
    in_filter: Option<bool>,
}

/// What the gate of a sale knows, and what the paper says of it.
pub struct Gate {
    secret: Secret,
    turnstile: Turnstile,
    buckets: HashMap<(Bytes, Bytes), Bucket>,
    /// The latest moment at which anybody asked.
    latest: u64,
    rates: Rates,
}

impl Caller {
    /// Mostly one who may.
    pub fn any(random: &mut Random) -> Caller {
        let tier = random.pick(&[0, 1, 2, 3]);
        let ticket = match random.below(12) {
            0 | 1 => Ticket::None,
            2 => Ticket::Stale(tier),
            3 => Ticket::Borrowed(tier),
            4 => Ticket::Rubbish,
            _ => Ticket::Good(tier),
        };
        let in_filter = if random.once_in(40) { None } else { Some(!random.once_in(10)) };
        Caller { ticket, ip: random.pick(&ADDRESSES), in_filter }
    }
}

impl Gate {
    /// A gate where nobody asked so far.
    pub fn new(random: u64) -> Gate {
        let secret = Secret::new(SECRET).expect("a secret");
        Gate {
            secret,
            turnstile: Turnstile::new(random),
            buckets: HashMap::new(),
            latest: 0,
            rates: Rates::default(),
        }
    }

    /// Lets a caller ask: takes the caller's tier into the request, charges limits, compares with the paper.
    /// `None` if the filter is gone.
    pub fn admit(
        &mut self,
        sale: &Sale,
        model: &Naive,
        moment: Moment,
        reserve: &mut Reserve<'static>,
        caller: Caller,
    ) -> Option<Result<(), Refusal>> {
        self.latest = self.latest.max(moment.now.0);
        self.begin_anew_under(model.terms.rates);
        let said = reserve.tier;
        let expected = self.paper(model, model.time(moment.now.0), Reserve { ..*reserve }, caller);
        let shown = Shown { tier: said, ticket: self.look_at_ticket(sale, moment.now, reserve.user, caller) };
        let found = admission::screen(sale, moment, reserve, shown, || caller.in_filter.ok_or(()));
        let found = found.ok().map(|entrance| match entrance {
            Entrance::Settled => Ok(()),
            Entrance::Refused(refusal) => Err(refusal),
            Entrance::Open => {
                let rates = &sale.terms().rates;
                self.turnstile.pass(Timestamp(self.latest), rates, reserve.user, caller.ip)
            }
        });
        assert_eq!(found, expected, "{reserve:?} by {caller:?} of {model:#?}");
        found
    }

    /// What was used under other limits depends on when one looks, so both begin anew.
    fn begin_anew_under(&mut self, rates: Rates) {
        if rates != self.rates {
            self.turnstile = Turnstile::new(self.latest);
            self.buckets.clear();
            self.rates = rates;
        }
    }

    fn look_at_ticket(
        &self,
        sale: &Sale,
        now: Timestamp,
        user: Bytes,
        caller: Caller,
    ) -> Option<Result<u32, BadTicket>> {
        let later = now.after(5);
        let ticket = match caller.ticket {
            Ticket::None => None,
            Ticket::Good(tier) => Some(self.secret.issue(SALE, user, later, tier)),
            Ticket::Stale(tier) => Some(self.secret.issue(SALE, user, now, tier)),
            Ticket::Borrowed(tier) => Some(self.secret.issue(SALE, b"somebody else", later, tier)),
            Ticket::Rubbish => Some("9.9.9".to_owned()),
        };
        let looked_at = ticket.is_some() || sale.terms().access.tickets;
        let bytes = ticket.as_ref().map(|ticket| ticket.as_bytes());
        looked_at.then(|| ticket::check([&self.secret], bytes, SALE, user, now))
    }

    /// The same by the book: one check after the other.
    fn paper(
        &mut self,
        model: &Naive,
        now: u64,
        reserve: Reserve<'static>,
        caller: Caller,
    ) -> Option<Result<(), Refusal>> {
        let access = model.terms.access;
        let tier = match caller.ticket {
            Ticket::Good(tier) => tier,
            Ticket::None if !access.tickets => reserve.tier,
            _ => 0,
        };
        if model.preview(now, &Reserve { tier, ..reserve }).is_err() {
            return Some(Ok(()));
        }
        let bad = match caller.ticket {
            Ticket::Stale(_) => Some(BadTicket::Stale),
            Ticket::Borrowed(_) | Ticket::Rubbish => Some(BadTicket::Forged),
            Ticket::None if access.tickets => Some(BadTicket::Missing),
            Ticket::None | Ticket::Good(_) => None,
        };
        if let Some(bad) = bad {
            return Some(Err(Refusal::BadTicket(bad)));
        }
        if tier < access.tier_min {
            return Some(Err(Refusal::Ineligible(Ineligible::Tier)));
        }
        if !caller.in_filter? {
            return Some(Err(Refusal::Ineligible(Ineligible::Filter)));
        }
        Some(self.charge(model, reserve.user, caller.ip))
    }

    /// All limits or none; of those that refuse, the one that refuses longest is named.
    fn charge(&mut self, model: &Naive, user: Bytes, ip: Bytes) -> Result<(), Refusal> {
        let rates = model.terms.rates;
        let limits = [
            (Scope::User, rates.user, (&b"user"[..], user)),
            (Scope::Ip, rates.ip, (&b"ip"[..], ip)),
            (Scope::Sale, rates.sale, (&b"sale"[..], &b""[..])),
        ];
        let now = Timestamp(self.latest);
        let mut charged = Vec::new();
        let mut worst: Option<(Scope, u64)> = None;
        for (scope, rate, name) in limits {
            let Some(Rate { count, period_ms }) = rate else { continue };
            let rule = Rule::new(count, period_ms, count).expect("a rule");
            let (verdict, effect) = decide(now, self.buckets.get(&name), &rule, Ask::Take(1));
            charged.extend(effect.map(|effect| (name, effect.bucket)));
            let retry_ms = verdict.retry_ms.unwrap_or(0);
            if verdict.limited && worst.is_none_or(|(_, longest)| retry_ms > longest) {
                worst = Some((scope, retry_ms));
            }
        }
        if let Some((scope, retry_ms)) = worst {
            return Err(Refusal::Limited { scope, retry_ms });
        }
        self.buckets.extend(charged);
        Ok(())
    }
}
