//! Whether a change that was decided elsewhere fits.

use super::digest::Positions;
use super::effect::{Change, Effect, Step, Touch};
use super::shape::{Growth, LAYERS_MAX, Shape};
use super::{Filter, Generation};
use crate::bounds::Invalid;

impl Filter {
    /// Accepts a change that this filter could have decided.
    ///
    /// # Errors
    /// [`Invalid`] if the copies have diverged.
    pub fn check(&self, change: &Change<'_>) -> Result<(), Invalid> {
        match (change, &self.next) {
            (Change::Items(effect), next) => {
                self.now.check(effect, &effect.grown, |step| step.now)?;
                match next {
                    Some(next) => next.check(effect, &effect.next_grown, |step| step.next),
                    None if effect.steps.iter().all(|step| step.next == Touch::None) => Ok(()),
                    None => Err(Invalid("no rebuild is under way")),
                }
            }
            (Change::Begun(_), Some(_)) => Err(Invalid("a rebuild is under way")),
            (Change::Begun(begun), None) => begun.first.checked().map(|_| ()),
            (Change::Committed | Change::Aborted, Some(_)) => Ok(()),
            (Change::Committed | Change::Aborted, None) => Err(Invalid("no rebuild is under way")),
        }
    }
}

impl Generation {
    fn check(
        &self,
        effect: &Effect<'_>,
        grown: &[Shape],
        touch: impl Fn(&Step<'_>) -> Touch,
    ) -> Result<(), Invalid> {
        let mut inserts = 0u64;
        for step in effect.steps.iter() {
            let decided = touch(step);
            let fits = match decided {
                Touch::None => true,
                Touch::Insert => !self.holds(Positions::of(step.digest)),
                Touch::Restore => self.removed.contains(step.item),
                Touch::Remove => self.may_exist(step.item, Positions::of(step.digest)),
            };
            if !fits {
                return Err(Invalid("an item is in another state"));
            }
            inserts += u64::from(decided == Touch::Insert);
        }
        self.check_growth(inserts, grown)
    }

    fn check_growth(&self, inserts: u64, grown: &[Shape]) -> Result<(), Invalid> {
        let too_many = self.layers.len() + grown.len() > LAYERS_MAX;
        if !grown.is_empty() && (self.growth == Growth::Fixed || too_many) {
            return Err(Invalid("more layers than there can be"));
        }
        let mut room = self.room();
        for shape in grown {
            if room >= inserts {
                return Err(Invalid("a layer that is not needed"));
            }
            room = room.saturating_add(shape.checked()?.capacity);
        }
        if room >= inserts { Ok(()) } else { Err(Invalid("more items than there is room for")) }
    }
}
