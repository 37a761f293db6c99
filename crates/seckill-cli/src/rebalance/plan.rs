//! Which units move where. Pure: the rebalance and the simulation ask the same function.

/// What is known of one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Units that could be sold now.
    pub available: u64,
    /// Requests in the last seconds that took units or found none, and users on its wait list.
    pub demand: u64,
}

/// Units that leave one shard for another; shards are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub from: usize,
    pub to: usize,
    pub units: u64,
}

/// The moves that bring units to where they are asked for.
///
/// A shard that is empty, or has less than half of its share, is filled up to it by those that have most above theirs.
/// The others are left alone: moving for small differences would follow noise.
pub fn moves(shards: &[Shard]) -> Vec<Move> {
    let shares = shares(shards);
    let above =
        |(at, (shard, share)): (usize, (&Shard, &Share))| (shard.available.saturating_sub(share.units), at);
    let mut surplus: Vec<(u64, usize)> = shards.iter().zip(&shares).enumerate().map(above).collect();
    surplus.retain(|(units, _)| *units > 0);
    surplus.sort_by_key(|(units, at)| (*units, std::cmp::Reverse(*at)));
    let mut moves = Vec::new();
    for (to, (shard, share)) in shards.iter().zip(&shares).enumerate() {
        let mut missing = if share.is_short(shard) { share.units - shard.available } else { 0 };
        while missing > 0
            && let Some((units, from)) = surplus.last_mut()
        {
            let taken = missing.min(*units);
            moves.push(Move { from: *from, to, units: taken });
            missing -= taken;
            *units -= taken;
            if *units == 0 {
                surplus.pop();
            }
        }
    }
    moves
}

/// What a shard should have of all that is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    /// In proportion, rounded down: it does not change when units move.
    least: u64,
    /// In whole units, so that all shares together are all that there is.
    units: u64,
}

impl Share {
    fn is_short(self, shard: &Shard) -> bool {
        let half = self.least - self.least / 2;
        shard.available < half || (shard.available == 0 && self.units > 0)
    }
}

/// In proportion to the demand and one more.
///
/// The units that rounding leaves go to the largest remainders, and among equal ones to who has more already.
fn shares(shards: &[Shard]) -> Vec<Share> {
    let all: u128 = shards.iter().map(|shard| u128::from(shard.available)).sum();
    let weight = |shard: &Shard| u128::from(shard.demand) + 1;
    let weights: u128 = shards.iter().map(weight).sum();
    let exact = |shard: &Shard| all * weight(shard);
    let least = |shard: &Shard| u64::try_from(exact(shard) / weights.max(1)).unwrap_or(u64::MAX);
    let mut shares: Vec<Share> =
        shards.iter().map(least).map(|least| Share { least, units: least }).collect();
    let given: u128 = shares.iter().map(|share| u128::from(share.least)).sum();
    let left = usize::try_from(all - given).unwrap_or(0);
    let mut order: Vec<usize> = (0..shards.len()).collect();
    let rank = |at: &usize| (exact(&shards[*at]) % weights, shards[*at].available, std::cmp::Reverse(*at));
    order.sort_by_key(|at| std::cmp::Reverse(rank(at)));
    order.into_iter().take(left).for_each(|at| shares[at].units += 1);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn shards(figures: &[(u64, u64)]) -> Vec<Shard> {
        figures.iter().map(|(available, demand)| Shard { available: *available, demand: *demand }).collect()
    }

    fn units(shards: &[Shard]) -> Vec<u64> {
        shares(shards).iter().map(|share| share.units).collect()
    }

    fn planned(figures: &[(u64, u64)]) -> Vec<(usize, usize, u64)> {
        moves(&shards(figures)).iter().map(|one| (one.from, one.to, one.units)).collect()
    }

    #[test]
    fn a_dry_shard_is_filled_by_the_fullest() {
        assert_eq!(planned(&[(0, 5), (80, 5), (10, 5)]), [(1, 0, 30), (1, 2, 20)]);
    }

    #[test]
    fn units_go_where_they_are_asked_for() {
        assert_eq!(units(&shards(&[(50, 99), (50, 0)])), [99, 1]);
        assert_eq!(planned(&[(40, 99), (60, 0)]), [(1, 0, 59)]);
    }

    #[test]
    fn the_last_unit_goes_to_who_asks() {
        assert_eq!(planned(&[(1, 0), (0, 0), (0, 3)]), [(0, 2, 1)]);
    }

    #[test]
    fn nothing_moves_for_nothing() {
        let calm: [&[(u64, u64)]; 6] = [
            &[],
            &[(9, 4)],
            &[(0, 9), (0, 9)],
            &[(1, 0), (0, 0), (0, 0)],
            &[(100, 50), (90, 50), (110, 50)],
            &[(100, 60), (60, 60)],
        ];
        for figures in calm {
            assert_eq!(planned(figures), [], "{figures:?}");
        }
    }

    #[test]
    fn the_largest_figures_do_not_overflow() {
        let most = (1 << 53, u64::MAX);
        assert_eq!(units(&shards(&[most, most, (0, 0)])).iter().sum::<u64>(), 2 << 53);
    }

    #[test]
    fn no_plan_takes_what_is_not_there_or_loses_a_unit() {
        let mut random = Random::seeded(1);
        for round in 0..50_000 {
            let count = 1 + random.below(64) as usize;
            let spread = 1 + random.below(200);
            let draw = |random: &mut Random| Shard {
                available: random.below(spread) * random.below(2),
                demand: random.below(spread) * random.below(2),
            };
            let before: Vec<Shard> = (0..count).map(|_| draw(&mut random)).collect();
            let shares = shares(&before);
            let sum = |shards: &[Shard]| shards.iter().map(|shard| shard.available).sum::<u64>();
            assert_eq!(units(&before).iter().sum::<u64>(), sum(&before), "round {round}");
            let mut after = before.clone();
            for Move { from, to, units } in moves(&before) {
                assert!(units > 0 && from != to && after[from].available >= units, "round {round}");
                after[from].available -= units;
                after[to].available += units;
            }
            assert_eq!(sum(&after), sum(&before), "round {round}");
            let is_short = |(shard, share): (&Shard, &Share)| share.is_short(shard);
            assert!(!after.iter().zip(&shares).any(is_short), "round {round}: somebody is still short");
            assert_eq!(moves(&after), [], "round {round}: a second look moves again");
        }
    }
}
