//! How a filter changes, and the only way.

use super::effect::{Begun, Change, Effect};
use super::{Filter, Generation};

impl Filter {
    /// Makes a change that was decided or checked.
    pub fn apply(&mut self, change: &Change<'_>) {
        match change {
            Change::Items(effect) => self.apply_items(effect),
            Change::Begun(begun) => self.next = Some(Generation::begin(*begun)),
            Change::Committed => self.now = self.next.take().unwrap_or_else(|| self.now.clone()),
            Change::Aborted => self.next = None,
        }
    }

    /// Makes a change of items.
    pub fn apply_items(&mut self, effect: &Effect<'_>) {
        let mut grown = effect.grown.iter().copied();
        let mut next_grown = effect.next_grown.iter().copied();
        for step in effect.steps.iter() {
            self.now.touch(step.now, step.item, step.digest, &mut grown);
            if let Some(next) = &mut self.next {
                next.touch(step.next, step.item, step.digest, &mut next_grown);
            }
        }
    }
}

impl Generation {
    fn begin(begun: Begun) -> Generation {
        Generation::new(begun.error, begun.growth, begun.first)
    }
}
