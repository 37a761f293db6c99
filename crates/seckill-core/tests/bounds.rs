//! The edges of what is accepted: the last that is, and the first that is not.

use seckill_core::bounds::{COUNT_MAX, DURATION_MS_MAX, Invalid};
use seckill_core::ids::ReservationId;
use seckill_core::sale::{
    Adopt, Change, DATA_BYTES_MAX, Effect, HOLD_MS_MAX, Inconsistent, Outlet, Part, QTY_MAX, Refusal,
    Request, Reserve, Sale, SaleState, Seed, Standing, Stock, TOKEN_BYTES_MAX, Terms, USER_BYTES_MAX,
};
use seckill_core::time::{Moment, Timestamp};

/// When the sales here were changed last.
const CLOCK: Timestamp = Timestamp(1_000_100);
const DAY_MS: u64 = 86_400_000;
static LONG: [u8; 5_000] = [b'x'; 5_000];

fn outlet() -> Outlet {
    Outlet { stream: b"stream"[..].into(), group: b"orders"[..].into() }
}

fn created(terms: Terms, stock: Stock, outlet: Outlet, at: u64) -> Result<Sale, Invalid> {
    Sale::new(terms, stock, outlet, Timestamp(at), Seed::new(1))
}

/// A sale that was altered once, at `CLOCK`.
fn sale(stock: Stock) -> Sale {
    let terms = Terms { per_user: 0, ..Terms::default() };
    let mut sale = created(terms, stock, outlet(), 1_000_000).unwrap();
    sale.apply(&effect(Change::Altered { terms, state: SaleState::Open, opened: 0, filter: b"" }, 0));
    sale
}

fn effect(change: Change<'static>, seq: u64) -> Effect<'static> {
    Effect { at: CLOCK, epoch: 0, seq, change }
}

/// The first reservation of a sale; each argument can be at its edge.
#[derive(Clone, Copy)]
struct Wanted {
    user: &'static [u8],
    qty: u64,
    hold_ms: u64,
    token: Option<&'static [u8]>,
    data: Option<&'static [u8]>,
}

const WANTED: Wanted = Wanted { user: b"a", qty: 1, hold_ms: 5, token: None, data: None };

impl Wanted {
    fn effect(self) -> Effect<'static> {
        let Wanted { user, qty, hold_ms, token, data } = self;
        let deadline = Some(CLOCK.after(hold_ms));
        effect(Change::Reserved { id: ReservationId::new(0, 1), user, qty, deadline, token, data }, 1)
    }
}

fn assert_refused(sale: &Sale, effect: Effect<'_>, why: &'static str) {
    assert_eq!(sale.check(&effect), Err(Inconsistent(why)), "{:?}", effect.at);
}

#[test]
fn a_reservation_that_was_sent_is_within_the_limits() {
    let sale = sale(Stock::Unlimited);
    let (user, token, data) =
        ("its user has a wrong length", "its token has a wrong length", "its payload is too long");
    let (qty, hold) = ("its quantity is out of range", "its deadline is out of range");
    let last = [
        Wanted { user: &LONG[..USER_BYTES_MAX], ..WANTED },
        Wanted { token: Some(&LONG[..1]), ..WANTED },
        Wanted { token: Some(&LONG[..TOKEN_BYTES_MAX]), ..WANTED },
        Wanted { data: Some(b""), ..WANTED },
        Wanted { data: Some(&LONG[..DATA_BYTES_MAX]), ..WANTED },
        Wanted { qty: QTY_MAX, ..WANTED },
        Wanted { hold_ms: 1, ..WANTED },
        Wanted { hold_ms: HOLD_MS_MAX, ..WANTED },
    ];
    last.iter().for_each(|wanted| assert_eq!(sale.check(&wanted.effect()), Ok(())));
    let beyond = [
        (Wanted { user: b"", ..WANTED }, user),
        (Wanted { user: &LONG[..=USER_BYTES_MAX], ..WANTED }, user),
        (Wanted { token: Some(b""), ..WANTED }, token),
        (Wanted { token: Some(&LONG[..=TOKEN_BYTES_MAX]), ..WANTED }, token),
        (Wanted { data: Some(&LONG[..=DATA_BYTES_MAX]), ..WANTED }, data),
        (Wanted { qty: 0, ..WANTED }, qty),
        (Wanted { qty: QTY_MAX + 1, ..WANTED }, qty),
        (Wanted { hold_ms: 0, ..WANTED }, hold),
        (Wanted { hold_ms: HOLD_MS_MAX + 1, ..WANTED }, hold),
    ];
    beyond.iter().for_each(|(wanted, why)| assert_refused(&sale, wanted.effect(), why));
}

#[test]
fn a_reservation_that_was_sent_takes_no_more_than_there_is() {
    let sale = sale(Stock::Limited(7));
    assert_eq!(sale.check(&Wanted { qty: 7, ..WANTED }.effect()), Ok(()));
    assert_refused(&sale, Wanted { qty: 8, ..WANTED }.effect(), "there is not enough stock");
}

#[test]
fn a_change_is_neither_older_than_the_last_nor_beyond_the_end_of_time() {
    let sale = sale(Stock::Unlimited);
    let next = WANTED.effect();
    let altered =
        effect(Change::Altered { terms: *sale.terms(), state: SaleState::Open, opened: 0, filter: b"" }, 0);
    let last = Effect { at: Timestamp(COUNT_MAX), ..altered };
    assert_eq!((sale.check(&next), sale.check(&last)), (Ok(()), Ok(())));
    let earlier = Effect { at: Timestamp(CLOCK.0 - 1), ..altered };
    assert_refused(&sale, earlier, "it is older than the newest change");
    assert_refused(&sale, Effect { at: Timestamp(COUNT_MAX + 1), ..altered }, "its time is out of range");
    let epoch = "its epoch is not the sale's";
    assert_eq!(sale.check(&Effect { epoch: i32::MAX as u32, ..altered }), Ok(()));
    assert_refused(&sale, Effect { epoch: i32::MAX as u32 + 1, ..altered }, epoch);
    [0, 2].iter().for_each(|seq| {
        assert_refused(&sale, Effect { seq: *seq, ..next }, "its sequence number is not the next");
    });
}

#[test]
fn a_restock_that_was_sent_twice_is_refused_though_its_sum_is_right() {
    let mut sale = sale(Stock::Limited(7));
    let restock = |total, seq| effect(Change::Restocked { delta: 5, total, token: Some(b"t") }, seq);
    assert_eq!(sale.check(&restock(12, 1)), Ok(()));
    sale.apply(&restock(12, 1));
    assert_refused(&sale, restock(17, 2), "its token was used");
    let most = Change::Restocked { delta: (COUNT_MAX - 12) as i64, total: COUNT_MAX, token: None };
    assert_eq!(sale.check(&effect(most, 2)), Ok(()));
    let more = Change::Restocked { delta: (COUNT_MAX - 11) as i64, total: COUNT_MAX + 1, token: None };
    assert_refused(&sale, effect(more, 2), "its total is not the sum");
}

#[test]
fn a_restock_that_was_sent_takes_only_what_nobody_has() {
    let mut sale = sale(Stock::Limited(7));
    sale.apply(&Wanted { qty: 3, ..WANTED }.effect());
    let restock = |delta: i64, total| effect(Change::Restocked { delta, total, token: None }, 2);
    assert_eq!(sale.check(&restock(-4, 3)), Ok(()));
    assert_refused(&sale, restock(-5, 2), "it takes more than is available");
}

#[test]
fn a_request_that_was_sent_twice_is_refused_though_its_numbers_are_the_next() {
    let mut sale = sale(Stock::Unlimited);
    let (user, token) = (&b"a"[..], &b"t"[..]);
    sale.apply(&Wanted { user, token: Some(token), ..WANTED }.effect());
    let (id, deadline) = (ReservationId::new(0, 2), Some(CLOCK.after(5)));
    let again = |user| Change::Reserved { id, user, qty: 1, deadline, token: Some(token), data: None };
    assert_refused(&sale, effect(again(user), 2), "its token was used");
    assert_eq!(sale.check(&effect(again(b"b"), 2)), Ok(()));
    let void = |user| effect(Change::Voided { user, token, until: CLOCK.after(5) }, 0);
    assert_refused(&sale, void(user), "its token was used");
    assert_eq!(sale.check(&void(b"b")), Ok(()));
}

#[test]
fn a_void_lasts_a_year_at_most() {
    let sale = sale(Stock::Unlimited);
    let void = |ms| effect(Change::Voided { user: b"a", token: b"t", until: CLOCK.after(ms) }, 0);
    assert_eq!(sale.check(&void(DURATION_MS_MAX)), Ok(()));
    assert_refused(&sale, void(DURATION_MS_MAX + 1), "its end is out of range");
}

#[test]
fn a_void_that_was_made_longer_ends_when_the_longer_one_does() {
    let mut sale = sale(Stock::Unlimited);
    for (ms, after_ms) in [(50, 0), (500, 10)] {
        let request = Request::Void { user: b"a", token: b"t", ms };
        let effect = sale.decide(Moment::at(CLOCK.after(after_ms)), &request).unwrap();
        sale.apply(&effect);
    }
    let altered =
        effect(Change::Altered { terms: *sale.terms(), state: SaleState::Open, opened: 0, filter: b"" }, 0);
    sale.apply(&Effect { at: CLOCK.after(100), ..altered });
    let reserve = Request::Reserve(Reserve {
        user: b"a",
        qty: 1,
        token: Some(b"t"),
        data: None,
        tier: 0,
        waits: false,
    });
    let refused = |ms| sale.decide(Moment::at(CLOCK.after(ms)), &reserve).err();
    assert_eq!(
        [refused(100), refused(509), refused(510)],
        [Some(Refusal::Voided), Some(Refusal::Voided), None]
    );
}

#[test]
fn voids_that_are_over_take_no_memory() {
    let mut sale = sale(Stock::Unlimited);
    let mut memory_bytes = 0;
    for n in 1..=2_000u64 {
        let token = n.to_le_bytes();
        let request = Request::Void { user: b"a", token: &token, ms: 50 };
        let effect = sale.decide(Moment::at(CLOCK.after(n)), &request).unwrap();
        sale.apply(&effect);
        if n == 100 {
            memory_bytes = sale.memory_bytes();
        }
    }
    assert_eq!(sale.memory_bytes(), memory_bytes);
}

#[test]
fn terms_reach_as_far_as_they_are_documented_to() {
    let terms = Terms::default();
    let (year, most) = (DURATION_MS_MAX, COUNT_MAX);
    let at = |ms| Some(Timestamp(ms));
    let last = [
        Terms { hold_ms: year, grace_ms: year, hold_ms_max: year, ..terms },
        Terms { per_user: most, ..terms },
        Terms { start: at(most), ..terms },
        Terms { end: at(most), ..terms },
        Terms { start: at(5), end: at(6), ..terms },
    ];
    last.iter().for_each(|terms| assert_eq!(terms.checked(), Ok(*terms)));
    let beyond = [
        Terms { hold_ms: year + 1, ..terms },
        Terms { grace_ms: year + 1, ..terms },
        Terms { hold_ms_max: year + 1, ..terms },
        Terms { per_user: most + 1, ..terms },
        Terms { start: at(most + 1), ..terms },
        Terms { end: at(most + 1), ..terms },
        Terms { start: at(5), end: at(5), ..terms },
        Terms { start: at(6), end: at(5), ..terms },
    ];
    beyond.iter().for_each(|terms| assert!(terms.checked().is_err(), "{terms:?}"));
}

#[test]
fn a_sale_is_created_within_the_limits() {
    let made = |stock, outlet, at| created(Terms::default(), stock, outlet, at).is_ok();
    let nameless = Outlet { stream: b""[..].into(), ..outlet() };
    let groupless = Outlet { group: b""[..].into(), ..outlet() };
    assert!(made(Stock::Limited(COUNT_MAX), outlet(), COUNT_MAX));
    assert!(!made(Stock::Limited(COUNT_MAX + 1), outlet(), DAY_MS));
    assert!(!made(Stock::Unlimited, outlet(), COUNT_MAX + 1));
    assert!(!made(Stock::Unlimited, nameless, DAY_MS));
    assert!(!made(Stock::Unlimited, groupless, DAY_MS));
}

#[test]
fn a_reservation_that_was_adopted_is_of_an_earlier_epoch_and_new() {
    let sale = sale(Stock::Limited(1));
    let adopted = |id, user, qty, hold_ms: u64, epoch| {
        let deadline = (hold_ms < u64::MAX).then(|| CLOCK.after(hold_ms));
        Effect { epoch, ..effect(Change::Adopted { id, user, qty, deadline }, 1) }
    };
    let id = ReservationId::new(0, 1);
    let last = [
        adopted(id, &LONG[..USER_BYTES_MAX], 1, 1, 1),
        adopted(id, b"a", QTY_MAX, HOLD_MS_MAX, 1),
        adopted(ReservationId::new(i32::MAX as u32 - 1, u32::MAX), b"a", 1, u64::MAX, i32::MAX as u32),
    ];
    last.iter().for_each(|effect| assert_eq!(sale.check(effect), Ok(()), "{effect:?}"));
    let (earlier, deadline) = ("its id is not of an earlier epoch", "its deadline is out of range");
    assert_refused(&sale, adopted(id, b"", 1, 1, 1), "its user has a wrong length");
    assert_refused(&sale, adopted(id, &LONG[..=USER_BYTES_MAX], 1, 1, 1), "its user has a wrong length");
    assert_refused(&sale, adopted(id, b"a", 0, 1, 1), "its quantity is out of range");
    assert_refused(&sale, adopted(id, b"a", QTY_MAX + 1, 1, 1), "its quantity is out of range");
    assert_refused(&sale, adopted(id, b"a", 1, 0, 1), deadline);
    assert_refused(&sale, adopted(id, b"a", 1, HOLD_MS_MAX + 1, 1), deadline);
    assert_refused(&sale, adopted(id, b"a", 1, 1, 0), earlier);
    assert_refused(&sale, adopted(ReservationId::new(1, 1), b"a", 1, 1, 1), earlier);
    assert_refused(&sale, adopted(ReservationId::new(0, 0), b"a", 1, 1, 1), earlier);
    let mut sale = sale;
    sale.apply(&adopted(id, b"a", 1, 1, 1));
    let again = Effect { seq: 2, ..adopted(id, b"a", 1, 1, 1) };
    assert_refused(&sale, again, "the reservation is known");
}

#[test]
fn an_id_that_was_adopted_is_never_given_out() {
    let mut sale = sale(Stock::Unlimited);
    let mut given = std::collections::BTreeSet::new();
    for (epoch, number) in [(0, 3), (0, 1), (2, 7), (2, 8), (1, 1), (9, u32::MAX), (0, 2)] {
        let reserve =
            Request::Reserve(Reserve { user: b"a", qty: 1, token: None, data: None, tier: 0, waits: false });
        let id = ReservationId::new(epoch, number);
        let adopt = Request::Adopt(Adopt { id, user: b"b", qty: 1, standing: Standing::Confirmed });
        for request in [reserve, adopt, reserve] {
            let decided = sale.decide(Moment::at(sale.clock().after(1)), &request);
            let Ok(effect) = decided else {
                assert_eq!((decided, request), (Err(Refusal::Standing(id)), adopt));
                continue;
            };
            let (Change::Reserved { id, .. } | Change::Adopted { id, .. }) = effect.change else { panic!() };
            assert!(given.insert(id), "{id:?} twice");
            assert_eq!(sale.check(&effect), Ok(()));
            sale.apply(&effect);
        }
    }
    assert_eq!((sale.epoch(), sale.audit().differences), (10, vec![]));
}

#[test]
fn what_comes_back_to_an_oversold_sale_pays_the_oversell_first() {
    let terms = Terms { per_user: 0, ..Terms::default() };
    let mut sale = created(terms, Stock::Limited(4), outlet(), 1_000_000).unwrap();
    let id = |number| ReservationId::new(0, number);
    let adopt = |number, qty, standing| Request::Adopt(Adopt { id: id(number), user: b"a", qty, standing });
    let figures = |sale: &Sale| (sale.stock(), sale.available(), sale.oversold());
    let mut ask = |request, expected| {
        let effect = sale.decide(Moment::at(sale.clock().after(1)), &request).unwrap();
        assert_eq!(sale.check(&effect), Ok(()));
        sale.apply(&effect);
        assert_eq!(figures(&sale), expected, "{request:?}");
    };
    let limited = Stock::Limited;
    ask(adopt(1, 6, Standing::Confirmed), (limited(4), Some(0), 2));
    ask(adopt(2, 3, Standing::Held(None)), (limited(4), Some(0), 5));
    ask(Request::Restock { delta: 1, token: None }, (limited(5), Some(0), 4));
    ask(Request::Release { id: id(2) }, (limited(5), Some(0), 1));
    let part = Some(Part { qty: 2, token: b"t" });
    ask(Request::Refund { id: id(1), part, restock: false }, (limited(4), Some(0), 0));
    ask(Request::Refund { id: id(1), part: None, restock: true }, (limited(4), Some(4), 0));
}

#[test]
fn a_sale_is_opened_in_the_epoch_of_the_change_or_stays_as_it_was() {
    let sale = sale(Stock::Unlimited);
    let terms = *sale.terms();
    let altered = |opened| {
        let change = Change::Altered { terms, state: SaleState::Open, opened, filter: b"" };
        Effect { epoch: 2, ..effect(change, 0) }
    };
    [0, 2].iter().for_each(|opened| assert_eq!(sale.check(&altered(*opened)), Ok(())));
    [1, 3].iter().for_each(|opened| {
        assert_refused(&sale, altered(*opened), "it was opened in another epoch");
    });
}
