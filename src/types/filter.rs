//! The filter as a Redis value.

use std::ffi::CStr;

use seckill_core::codec::filter as codec;
use seckill_core::filter::{Filter, Mover};

use crate::host::{AofEmitter, Defrag, Digest, Loader, ModuleValue, Origin, Progress, Saver, TypeHandle};

/// A filter under a key.
pub struct FilterValue {
    /// The filter.
    pub filter: Filter,
}

static HANDLE: TypeHandle = TypeHandle::new();

impl ModuleValue for FilterValue {
    const NAME: &'static CStr = c"seckbloom";
    const VERSION: i32 = 1;

    fn handle() -> &'static TypeHandle {
        &HANDLE
    }

    fn load(from: &mut Loader, _: i32, _: Origin<'_>) -> Option<FilterValue> {
        let mut blocks = codec::Loader::default();
        loop {
            match from.string(|block| blocks.feed(block))? {
                Ok(None) => {}
                Ok(Some(filter)) => return Some(FilterValue { filter }),
                Err(why) => {
                    from.log(&format!("a filter is damaged: {}", why.0));
                    return None;
                }
            }
        }
    }

    fn save(&self, to: &mut Saver) {
        codec::blocks(&self.filter, |block| to.string(block));
    }

    fn rewrite(&self, to: &mut AofEmitter) {
        codec::blocks(&self.filter, |block| to.apply(block));
    }

    fn memory_bytes(&self) -> usize {
        self.filter.memory_bytes()
    }

    fn digest(&self, digest: &mut Digest) {
        codec::blocks(&self.filter, |block| digest.add(block));
        digest.end();
    }

    fn copy(&self, _: Origin<'_>) -> FilterValue {
        FilterValue { filter: self.filter.clone() }
    }

    fn allocations(&self) -> usize {
        self.filter.allocations()
    }

    fn defrag(&mut self, defrag: &mut Defrag) -> Progress {
        let from = defrag.cursor();
        match self.filter.move_blocks(from, &mut Moves(defrag)) {
            Some(next) => {
                defrag.keep_cursor(next);
                Progress::More
            }
            None => Progress::Done,
        }
    }
}

/// Moves a filter's layers with the server's defragmentation.
struct Moves<'a>(&'a mut Defrag);

impl Mover for Moves<'_> {
    fn bytes(&mut self, block: &mut Box<[u8]>) {
        self.0.block(block);
    }

    fn is_tired(&self) -> bool {
        self.0.should_stop()
    }
}
