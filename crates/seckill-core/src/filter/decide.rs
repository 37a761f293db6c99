//! What would happen. Changes nothing.

use std::collections::BTreeSet;

use super::digest::{Digest, Positions};
use super::effect::{Begun, Change, Effect, Step, Touch};
use super::refusal::Refusal;
use super::removed::Removed;
use super::shape::{ErrorRate, Growth, Shape};
use super::{Filter, Generation, Rebuild, Verb};

/// Bytes of a filter beside its layers' bits.
const FRAME_BYTES: u64 = 256;

impl Begun {
    /// A generation for `capacity` items.
    ///
    /// # Errors
    /// [`Refusal::Memory`] if it alone needs more than `memory_max` bytes.
    pub fn decide(
        capacity: u64,
        error: ErrorRate,
        growth: Growth,
        memory_max: u64,
    ) -> Result<Begun, Refusal> {
        let first = Shape::of(capacity, error, growth, 0);
        within(first.bytes.saturating_add(FRAME_BYTES), memory_max)?;
        Ok(Begun { error, growth, first })
    }
}

fn within(needed: u64, memory_max: u64) -> Result<(), Refusal> {
    if needed <= memory_max { Ok(()) } else { Err(Refusal::Memory { needed }) }
}

impl Filter {
    /// What `verb` does to each of `items`.
    ///
    /// # Errors
    /// [`Refusal`] if it cannot be done to all of them.
    pub fn decide<'a>(
        &self,
        verb: Verb,
        items: impl ExactSizeIterator<Item = &'a [u8]>,
        memory_max: u64,
    ) -> Result<Effect<'a>, Refusal> {
        if verb == Verb::Refill && self.next.is_none() {
            return Err(Refusal::NoRebuild);
        }
        // An item that comes twice is changed once.
        let mut seen = (items.len() > 1).then(BTreeSet::new);
        let mut effect = Effect::default();
        for item in items {
            let digest = Digest::of(item);
            let is_new = seen.as_mut().is_none_or(|seen| seen.insert(digest));
            let (now, next) = if is_new { self.touches(verb, item, digest) } else { Default::default() };
            effect.steps.push(Step { item, digest, now, next });
        }
        effect.grown = grown(&self.now, &effect, |step| step.now)?;
        effect.next_grown = match &self.next {
            Some(next) => grown(next, &effect, |step| step.next)?,
            None => Vec::new(),
        };
        self.within_memory(&effect, memory_max)?;
        Ok(effect)
    }

    fn touches(&self, verb: Verb, item: &[u8], digest: Digest) -> (Touch, Touch) {
        let positions = Positions::of(digest);
        let touch = |generation: &Generation| match verb {
            Verb::Add | Verb::Refill => generation.adding(item, positions),
            Verb::Remove => generation.removing(item, positions),
        };
        let now = if verb == Verb::Refill { Touch::None } else { touch(&self.now) };
        (now, self.next.as_ref().map_or(Touch::None, touch))
    }

    /// Only growth and the list of removed items take memory.
    fn within_memory(&self, effect: &Effect<'_>, memory_max: u64) -> Result<(), Refusal> {
        let removes = |touch: Touch| if touch == Touch::Remove { 1 } else { 0 };
        let listed: usize = effect
            .steps
            .iter()
            .map(|step| (removes(step.now) + removes(step.next)) * Removed::entry_bytes(step.item))
            .sum();
        let layers: u64 = effect.grown.iter().chain(&effect.next_grown).map(|shape| shape.bytes).sum();
        if listed == 0 && layers == 0 {
            return Ok(());
        }
        within(self.memory_bytes() as u64 + listed as u64 + layers, memory_max)
    }

    /// What becomes of a rebuild.
    ///
    /// # Errors
    /// [`Refusal`] if none is under way, or one is, or memory is short.
    pub fn decide_rebuild(&self, what: Rebuild, memory_max: u64) -> Result<Change<'static>, Refusal> {
        match (what, &self.next) {
            (Rebuild::Begin { .. }, Some(_)) => Err(Refusal::Rebuilding),
            (Rebuild::Commit | Rebuild::Abort, None) => Err(Refusal::NoRebuild),
            (Rebuild::Begin { capacity, error }, None) => {
                let error = error.unwrap_or(self.now.error);
                let begun = Begun::decide(capacity, error, self.now.growth, memory_max)?;
                within((self.memory_bytes() as u64).saturating_add(begun.first.bytes), memory_max)?;
                Ok(Change::Begun(begun))
            }
            (Rebuild::Commit, Some(_)) => Ok(Change::Committed),
            (Rebuild::Abort, Some(_)) => Ok(Change::Aborted),
        }
    }
}

/// The layers that a generation needs for what is put in.
fn grown(
    generation: &Generation,
    effect: &Effect<'_>,
    touch: impl Fn(&Step<'_>) -> Touch,
) -> Result<Vec<Shape>, Refusal> {
    let inserts = effect.steps.iter().filter(|step| touch(step) == Touch::Insert).count();
    generation.layers_for(inserts as u64)
}
