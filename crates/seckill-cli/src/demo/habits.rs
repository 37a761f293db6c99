//! Who wants what when: people with habits, drawn from a seed.

use std::time::Duration;

use crate::random::Random;

/// How long an unpaid hold lasts: short, so that some run out while one watches.
pub const HOLD: Duration = Duration::from_millis(2_000);
/// The sale opens so long after the run begins.
pub const OPENS_AFTER: Duration = Duration::from_millis(500);
/// The last buyer arrives so long after the opening, unless there are too many for that.
const ARRIVALS: Duration = Duration::from_millis(5_500);
/// As many as two shared cores serve a second and leave time for looking.
const MOST_PER_SECOND: u64 = 8_000;

/// What somebody does after the first click.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Waits for the answer.
    ClicksOnce,
    /// Sends the same request again, so long after the first.
    DoubleClicks(Duration),
    /// Comes back with a new request, so long after the first.
    ComesBack(Duration),
}

/// What somebody does with a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Pays, so long after the hold was taken.
    Pays(Duration),
    /// Pays, so long after the deadline.
    PaysLate(Duration),
    /// Gives it back, so long after it was taken.
    Releases(Duration),
    /// Forgets about it.
    Forgets,
}

/// One person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buyer {
    /// The first click, from the beginning of the run.
    pub arrives: Duration,
    pub habit: Habit,
    pub intent: Intent,
}

/// When the last of so many has arrived.
pub fn last_arrival(buyers: u32) -> Duration {
    OPENS_AFTER + ARRIVALS.max(Duration::from_millis(u64::from(buyers) * 1_000 / MOST_PER_SECOND))
}

/// So many people; the same seed gives the same.
pub fn buyers(seed: u64, count: u32) -> Vec<Buyer> {
    let mut random = Random::seeded(seed);
    let last = last_arrival(count);
    (0..count).map(|_| draw(&mut random, last)).collect()
}

fn draw(random: &mut Random, last: Duration) -> Buyer {
    let arrives = arrival(random, last);
    let mut habit = habit(random);
    let intent = intent(random);
    // Somebody with a second reservation who then pays for the first as well would own two.
    if matches!((habit, intent), (Habit::ComesBack(_), Intent::PaysLate(_))) {
        habit = Habit::ClicksOnce;
    }
    Buyer { arrives, habit, intent }
}

/// Some are too early, half come at the stroke of the clock, the others by and by.
fn arrival(random: &mut Random, last: Duration) -> Duration {
    let opens = OPENS_AFTER.as_millis() as u64;
    let span = last.as_millis() as u64 - opens;
    let ms = match random.below(100) {
        0..3 => random.below(opens),
        3..50 => opens + random.below(1_000).pow(2) * span / 5_000_000,
        _ => opens + random.below(span),
    };
    Duration::from_millis(ms)
}

fn habit(random: &mut Random) -> Habit {
    match random.below(100) {
        0..15 => Habit::DoubleClicks(between(random, 0, 80)),
        15..25 => Habit::ComesBack(between(random, 50, 900)),
        _ => Habit::ClicksOnce,
    }
}

fn intent(random: &mut Random) -> Intent {
    match random.below(100) {
        0..66 => Intent::Pays(between(random, 100, 1_400)),
        // Half of them hardly late, when the units may still be there.
        66..71 => Intent::PaysLate(between(random, 1, 60)),
        71..76 => Intent::PaysLate(between(random, 200, 1_200)),
        76..82 => Intent::Releases(between(random, 200, 1_200)),
        _ => Intent::Forgets,
    }
}

fn between(random: &mut Random, from_ms: u64, to_ms: u64) -> Duration {
    Duration::from_millis(random.between(from_ms, to_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(people: &[Buyer], is: impl Fn(&Buyer) -> bool) -> usize {
        people.iter().filter(|buyer| is(buyer)).count() * 100 / people.len()
    }

    #[test]
    fn a_seed_gives_the_same_people_again() {
        assert_eq!(buyers(7, 500), buyers(7, 500));
        assert_ne!(buyers(7, 500), buyers(8, 500));
    }

    #[test]
    fn every_habit_and_intent_is_among_the_people() {
        let people = buyers(1, 20_000);
        for (is, percent) in [
            (double_clicks as fn(&Buyer) -> bool, 14..=16),
            (|buyer| matches!(buyer.habit, Habit::ComesBack(_)), 8..=10),
            (|buyer| matches!(buyer.intent, Intent::Pays(_)), 65..=67),
            (|buyer| matches!(buyer.intent, Intent::PaysLate(_)), 9..=11),
            (|buyer| matches!(buyer.intent, Intent::Releases(_)), 5..=7),
            (|buyer| buyer.intent == Intent::Forgets, 17..=19),
            (|buyer| buyer.arrives < OPENS_AFTER, 2..=4),
        ] {
            assert!(percent.contains(&share(&people, is)), "{percent:?}, not {}", share(&people, is));
        }
    }

    fn double_clicks(buyer: &Buyer) -> bool {
        matches!(buyer.habit, Habit::DoubleClicks(_))
    }

    #[test]
    fn nobody_pays_late_for_one_hold_and_comes_back_for_another() {
        let people = buyers(3, 20_000);
        let both =
            |buyer: &Buyer| matches!((buyer.habit, buyer.intent), (Habit::ComesBack(_), Intent::PaysLate(_)));
        assert_eq!(people.iter().filter(|buyer| both(buyer)).count(), 0);
    }

    #[test]
    fn everybody_has_come_by_the_last_arrival_however_many_they_are() {
        for count in [1, 20_000, 200_000] {
            assert!(buyers(2, count).iter().all(|buyer| buyer.arrives <= last_arrival(count)));
        }
        assert!(last_arrival(200_000) > last_arrival(20_000));
    }
}
