//! A sale on shards without servers: who comes when, to which shard, and what is left where.
//!
//! The units move by the same plan as those of `seckill rebalance`.

use crate::random::Random;
use crate::rebalance::DEMAND_SECONDS;
use crate::rebalance::plan::{self, Move, Shard};

/// A tenth of a second.
const TICKS_PER_SECOND: usize = 10;
/// How long who was refused waits before the next try, as the shop's button does.
const RETRY_SECONDS: usize = 10;

/// One sale to play through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    pub shards: usize,
    pub units: u64,
    /// People who want one unit each.
    pub buyers: u64,
    /// How long they keep coming; half of them come in the first quarter of it.
    pub seconds: usize,
    /// How often somebody tries who is refused.
    pub tries: u32,
    /// Zipf's exponent: the k-th shard has `1 / k^skew` of the first one's users. 0 is a fair hash.
    pub skew: f64,
    /// Seconds between two rebalances, if there are any.
    pub every: Option<usize>,
    pub seed: u64,
}

/// How it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub sold: u64,
    /// Units left at shards where nobody wanted them.
    pub left: u64,
    pub requests: u64,
    /// Requests refused while another shard had units.
    pub refused_early: u64,
    pub transfers: u64,
    pub moved: u64,
}

/// Plays it through; the same setting gives the same outcome.
pub fn play(setting: &Setting) -> Outcome {
    let mut floor = Floor::new(setting);
    let mut queue = arrivals(setting);
    for tick in 0..queue.len() {
        if tick % TICKS_PER_SECOND == 0 {
            floor.begin_second(tick / TICKS_PER_SECOND, setting.every);
        }
        for visit in std::mem::take(&mut queue[tick]) {
            let is_served = floor.serve(visit.shard);
            if !is_served && visit.tries > 1 {
                let later = Visit { tries: visit.tries - 1, ..visit };
                queue[tick + RETRY_SECONDS * TICKS_PER_SECOND].push(later);
            }
        }
    }
    floor.outcome.left = floor.available();
    floor.outcome
}

/// One person at the door of a shard.
#[derive(Clone, Copy, Debug)]
struct Visit {
    shard: usize,
    tries: u32,
}

/// Who comes in which tick, with room for every retry.
fn arrivals(setting: &Setting) -> Vec<Vec<Visit>> {
    let mut random = Random::seeded(setting.seed);
    let coming = setting.seconds * TICKS_PER_SECOND;
    let ticks = coming + setting.tries as usize * RETRY_SECONDS * TICKS_PER_SECOND;
    let mut queue = vec![Vec::new(); ticks.max(1)];
    let borders = borders(setting.shards, setting.skew);
    let all = borders.last().copied().unwrap_or_default();
    for _ in 0..setting.buyers {
        let drawn = random.below(all);
        let shard = borders.partition_point(|border| *border <= drawn);
        let moment = random.below(1 << 32);
        // Squared: most come early.
        let tick = (u128::from(moment).pow(2) * coming as u128) >> 64;
        queue[tick as usize].push(Visit { shard, tries: setting.tries });
    }
    queue
}

/// The upper borders of the shards' shares of the users, in whole numbers, so that a draw is the same everywhere.
fn borders(shards: usize, skew: f64) -> Vec<u64> {
    let share = |rank: usize| (1e9 / (rank as f64).powf(skew)).round().max(1.0) as u64;
    let sum = |sum: &mut u64, rank: usize| {
        *sum += share(rank);
        Some(*sum)
    };
    (1..=shards.max(1)).scan(0, sum).collect()
}

/// The shards and what happened at them.
struct Floor {
    available: Vec<u64>,
    /// Requests that count as demand, for each shard and each of the last seconds.
    demand: Vec<[u64; DEMAND_SECONDS]>,
    second: usize,
    outcome: Outcome,
}

impl Floor {
    /// Equal shares; the remainder goes to the first.
    fn new(setting: &Setting) -> Self {
        let shards = setting.shards.max(1) as u64;
        let share = |shard| setting.units / shards + u64::from(shard < setting.units % shards);
        Floor {
            available: (0..shards).map(share).collect(),
            demand: vec![[0; DEMAND_SECONDS]; setting.shards.max(1)],
            second: 0,
            outcome: Outcome::default(),
        }
    }

    fn available(&self) -> u64 {
        self.available.iter().sum()
    }

    fn begin_second(&mut self, second: usize, every: Option<usize>) {
        if second > 0 && every.is_some_and(|every| second.is_multiple_of(every.max(1))) {
            self.rebalance();
        }
        self.second = second % DEMAND_SECONDS;
        self.demand.iter_mut().for_each(|seconds| seconds[second % DEMAND_SECONDS] = 0);
    }

    fn rebalance(&mut self) {
        let shard = |(available, demand): (&u64, &[u64; DEMAND_SECONDS])| Shard {
            available: *available,
            demand: demand.iter().sum(),
        };
        let shards: Vec<Shard> = self.available.iter().zip(&self.demand).map(shard).collect();
        for Move { from, to, units } in plan::moves(&shards) {
            self.available[from] -= units;
            self.available[to] += units;
            self.outcome.transfers += 1;
            self.outcome.moved += units;
        }
    }

    /// Whether there was a unit.
    fn serve(&mut self, shard: usize) -> bool {
        self.outcome.requests += 1;
        self.demand[shard][self.second] += 1;
        if self.available[shard] > 0 {
            self.available[shard] -= 1;
            self.outcome.sold += 1;
            return true;
        }
        self.outcome.refused_early += u64::from(self.available() > 0);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTING: Setting = Setting {
        shards: 64,
        units: 5_000,
        buyers: 6_000,
        seconds: 60,
        tries: 3,
        skew: 1.0,
        every: Some(1),
        seed: 7,
    };

    #[test]
    fn a_setting_gives_its_outcome_again() {
        assert_eq!(play(&SETTING), play(&SETTING));
        assert_ne!(play(&SETTING), play(&Setting { seed: 8, ..SETTING }));
    }

    #[test]
    fn no_unit_comes_or_goes_and_nobody_gets_two() {
        let mut random = Random::seeded(3);
        for _ in 0..300 {
            let setting = Setting {
                shards: 1 + random.below(64) as usize,
                units: random.below(3_000),
                buyers: random.below(3_000),
                seconds: 1 + random.below(60) as usize,
                tries: 1 + random.below(4) as u32,
                skew: random.below(300) as f64 / 100.0,
                every: Some(random.below(5) as usize).filter(|every| *every > 0),
                seed: random.next(),
            };
            let outcome = play(&setting);
            assert_eq!(outcome.sold + outcome.left, setting.units, "{setting:?}");
            assert!(outcome.sold <= setting.buyers, "{setting:?}");
            assert!(outcome.requests <= setting.buyers * u64::from(setting.tries), "{setting:?}");
            assert!(setting.every.is_some() || outcome.moved == 0, "{setting:?}");
        }
    }

    #[test]
    fn one_shard_refuses_nobody_early_and_leaves_nothing() {
        let outcome = play(&Setting { shards: 1, ..SETTING });
        assert_eq!((outcome.sold, outcome.left, outcome.refused_early), (5_000, 0, 0));
    }

    #[test]
    fn rebalancing_sells_what_skew_would_leave() {
        let left = |every| play(&Setting { every, ..SETTING }).left;
        assert!(left(None) > 2_000, "{}", left(None));
        assert!(left(Some(1)) < 50, "{}", left(Some(1)));
    }

    #[test]
    fn skew_is_zipfs() {
        assert_eq!(borders(4, 0.0), [1_000_000_000, 2_000_000_000, 3_000_000_000, 4_000_000_000]);
        assert_eq!(borders(3, 1.0), [1_000_000_000, 1_500_000_000, 1_833_333_333]);
    }
}
