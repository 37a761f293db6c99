//! The sale as a Redis value.

use std::cell::OnceCell;
use std::ffi::CStr;

use seckill_core::codec::{self, Purpose};
use seckill_core::sale::{Mover, Row, Sale, Seed, Tally};
use seckill_core::time::{Moment, Timestamp};
use seckill_core::turnstile::Turnstile;

use crate::host::{
    AofEmitter, Arg, Context, Defrag, Digest, Loader, ModuleValue, Origin, OwnedName, Progress, Saver,
    TypeHandle,
};
use crate::{agenda, life, slot};

/// A sale and what this process knows of it beside.
pub struct SaleValue {
    /// The sale.
    pub sale: Sale,
    /// How RESERVE was answered since this process began.
    pub tally: Tally,
    /// Who asked how often, once somebody was limited.
    pub turnstile: Option<Box<Turnstile>>,
    /// The process life that leads the sale; 0 if none does.
    led_by: u64,
    /// The stream's name as the server wants it, once it was needed.
    stream: OnceCell<OwnedName>,
    /// The filter's name as the server wants it, once it was needed.
    filter: OnceCell<OwnedName>,
    /// In a cluster: the sale and its stream are in different slots. Known once it was needed.
    apart: OnceCell<bool>,
    /// The due time that stands on the agenda under the sale's key.
    pub on_agenda: Option<Timestamp>,
}

impl SaleValue {
    /// A sale made in this process life.
    pub fn new(sale: Sale) -> SaleValue {
        SaleValue {
            sale,
            tally: Tally::default(),
            turnstile: None,
            led_by: life::current(),
            stream: OnceCell::new(),
            filter: OnceCell::new(),
            apart: OnceCell::new(),
            on_agenda: None,
        }
    }

    /// A sale that came from elsewhere: its next change begins an epoch.
    pub fn arrived(sale: Sale) -> SaleValue {
        SaleValue { led_by: 0, ..SaleValue::new(sale) }
    }

    /// Now, for this sale. A replica leads no sale and shows it as its primary left it.
    pub fn moment(&self, ctx: &Context) -> Moment {
        let fresh = self.led_by != life::current() && life::is_primary();
        Moment { now: Timestamp(ctx.now_ms()), fresh }
    }

    /// The name of the stream that its events go to.
    pub fn stream(&self) -> Arg<'_> {
        self.stream.get_or_init(|| OwnedName::new(&self.sale.outlet().stream)).arg()
    }

    /// The name of the filter of those who may ask, if there is one.
    pub fn filter(&self) -> Option<Arg<'_>> {
        let name = self.sale.filter();
        (!name.is_empty()).then(|| self.filter.get_or_init(|| OwnedName::new(name)).arg())
    }

    /// The sale's terms are others.
    pub fn altered(&mut self) {
        self.filter = OnceCell::new();
    }

    /// True if the sale came under a key whose slot is not its stream's. A cluster moves keys inside slots only,
    /// so it is so for the value's life.
    pub fn is_apart(&self, ctx: &Context, key: Arg<'_>) -> bool {
        let split = || ctx.is_cluster() && slot::of(key.bytes()) != slot::of(&self.sale.outlet().stream);
        *self.apart.get_or_init(split)
    }

    /// This process life changed the sale.
    pub fn lead(&mut self) {
        self.led_by = life::current();
    }
}

static HANDLE: TypeHandle = TypeHandle::new();

impl ModuleValue for SaleValue {
    const NAME: &'static CStr = c"seck-sale";
    const VERSION: i32 = 1;

    fn handle() -> &'static TypeHandle {
        &HANDLE
    }

    fn load(from: &mut Loader, _: i32, origin: Origin<'_>) -> Option<SaleValue> {
        let mut blocks = codec::Loader::new(Seed::new(life::seed()));
        loop {
            match from.string(|block| blocks.feed(block))? {
                Ok(None) => {}
                Ok(Some(sale)) => {
                    origin.key.into_iter().for_each(|key| agenda::hint(origin.db, key.bytes(), Timestamp(0)));
                    return Some(SaleValue::arrived(sale));
                }
                Err(why) => {
                    from.log(&format!("a sale is damaged: {}", why.0));
                    return None;
                }
            }
        }
    }

    fn save(&self, to: &mut Saver) {
        codec::blocks(&self.sale, Purpose::Store, |block| to.string(block));
    }

    fn rewrite(&self, to: &mut AofEmitter) {
        codec::blocks(&self.sale, Purpose::Store, |block| to.apply(block));
    }

    fn memory_bytes(&self) -> usize {
        size_of::<SaleValue>() - size_of::<Sale>()
            + self.sale.memory_bytes()
            + self.tally.memory_bytes()
            + self.turnstile.as_ref().map_or(0, |turnstile| turnstile.heap_bytes())
    }

    fn digest(&self, digest: &mut Digest) {
        codec::blocks(&self.sale, Purpose::Digest, |block| digest.add(block));
        digest.end();
    }

    fn copy(&self, target: Origin<'_>) -> SaleValue {
        target.key.into_iter().for_each(|key| agenda::hint(target.db, key.bytes(), Timestamp(0)));
        SaleValue::arrived(self.sale.clone())
    }

    fn allocations(&self) -> usize {
        self.sale.allocations()
    }

    fn defrag(&mut self, defrag: &mut Defrag) -> Progress {
        let from = defrag.cursor();
        match self.sale.move_blocks(from, &mut Moves(defrag)) {
            Some(next) => {
                defrag.keep_cursor(next);
                Progress::More
            }
            None => Progress::Done,
        }
    }
}

/// Moves a sale's blocks with the server's defragmentation.
struct Moves<'a>(&'a mut Defrag);

impl Mover for Moves<'_> {
    fn rows(&mut self, block: &mut Box<[Row]>) {
        self.0.block(block);
    }

    fn bytes(&mut self, block: &mut Box<[u8]>) {
        self.0.block(block);
    }

    fn cells(&mut self, block: &mut Box<[u32]>) {
        self.0.block(block);
    }

    fn is_tired(&self) -> bool {
        self.0.should_stop()
    }
}
