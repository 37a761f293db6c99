//! What a lane looks after now and then: lag, gaps, trimming, dead consumers.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use redis::Connection;

use super::lane::{Lane, Trouble};
use crate::metrics::StreamGauge;
use crate::probe::Step;
use crate::stream::{groups, is_missing, remove_dead_consumers, trim};

impl Lane {
    /// Looks after the streams and after what was processed.
    pub fn look_after(&mut self, connection: &mut Connection, streams: &[Arc<str>]) -> Result<(), Trouble> {
        let mut is_idle = true;
        for stream in streams {
            match self.look_after_one(connection, stream) {
                Ok(backlog) => is_idle &= backlog == StreamGauge::default(),
                Err(Trouble::Redis(error)) if is_missing(&error) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        self.look_for_gaps(is_idle)
    }

    fn look_after_one(
        &mut self,
        connection: &mut Connection,
        stream: &Arc<str>,
    ) -> Result<StreamGauge, Trouble> {
        let shared = self.shared.clone();
        let settings = &shared.settings;
        let groups = groups(connection, stream)?;
        let own = groups.iter().find(|group| group.name == settings.reader.group);
        let gauge = own.map_or(StreamGauge::default(), |group| StreamGauge {
            lag: group.lag.unwrap_or(0),
            pending: group.pending,
        });
        shared.metrics.set_stream(stream, gauge);
        let removed = remove_dead_consumers(connection, &settings.reader, stream, settings.consumer_idle)?;
        for name in &removed {
            tracing::info!(
                stream = &**stream,
                consumer = name,
                "removed a consumer that owns nothing and is gone"
            );
        }
        shared.metrics.removed_consumers.add(removed.len() as u64);
        if let Some(keep) = settings.keep {
            shared.probe.reached(Step::BeforeTrim);
            shared.metrics.trimmed.add(trim(connection, stream, keep)?);
            shared.probe.reached(Step::Trimmed);
        }
        Ok(gauge)
    }

    /// Reports numbers that are missing; only while nothing is on its way, for then they are missing for good.
    fn look_for_gaps(&mut self, is_idle: bool) -> Result<(), Trouble> {
        let Ok(epochs) = self.with_database(|database, _| database.epochs())? else { return Ok(()) };
        let missing: i64 = epochs.iter().map(|epoch| epoch.missing()).sum();
        self.shared.metrics.missing.store(missing.max(0) as u64, Ordering::Relaxed);
        if !is_idle || self.reported_missing == missing {
            return Ok(());
        }
        self.reported_missing = missing;
        for epoch in epochs.iter().filter(|epoch| epoch.missing() > 0) {
            let gaps = self.with_database(|database, _| database.gaps(&epoch.sale, epoch.epoch))?;
            tracing::error!(
                sale = epoch.sale,
                epoch = epoch.epoch,
                missing = epoch.missing(),
                gaps = ?gaps.unwrap_or_default(),
                "events are missing; compare the sale by `seckill reconcile`"
            );
        }
        Ok(())
    }
}
