//! The memory and the descriptors of the server's process, sampled from `/proc`.

use std::time::Duration;

use crate::Result;

/// How much the last quarter may exceed the second one. The first quarter warms up.
const GROWTH_MAX: f64 = 1.25;
const SLACK_MIB: f64 = 24.0;
const SLACK_DESCRIPTORS: f64 = 64.0;

struct Sample {
    /// The process changes with each restart.
    process: u32,
    at: Duration,
    mib: f64,
    descriptors: f64,
}

#[derive(Default)]
pub struct Samples(Vec<Sample>);

impl Samples {
    /// Takes a sample, unless the process has just ended.
    pub fn take(&mut self, process: u32, at: Duration) {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).map(Iterator::count);
        if let (Some(kib), Ok(descriptors)) = (resident, descriptors) {
            self.0.push(Sample { process, at, mib: kib / 1_024.0, descriptors: descriptors as f64 });
        }
    }

    /// Compares the first half of the longest-lived process with its second half.
    pub fn check(&self, last: u32) -> Result {
        let mut processes: Vec<u32> = self.0.iter().map(|sample| sample.process).chain([last]).collect();
        processes.dedup();
        let of = |process: u32| self.0.iter().filter(move |sample| sample.process == process);
        let Some(longest) = processes.iter().copied().max_by_key(|process| of(*process).count()) else { return Ok(()) };
        for process in processes {
            let (Some(first), Some(last)) = (of(process).next(), of(process).next_back()) else { continue };
            let most = |of_sample: fn(&Sample) -> f64| of(process).map(of_sample).fold(0.0, f64::max);
            println!(
                "process {process}, {} to {} s: at most {:.0} MiB and {:.0} descriptors",
                first.at.as_secs(),
                last.at.as_secs(),
                most(|sample| sample.mib),
                most(|sample| sample.descriptors)
            );
        }
        let samples: Vec<&Sample> = of(longest).collect();
        let (early, late) = samples.split_at(samples.len() / 2);
        let most = |samples: &[&Sample], of_sample: fn(&Sample) -> f64| samples.iter().map(|sample| of_sample(sample)).fold(0.0, f64::max);
        for (name, of_sample, slack) in [
            ("MiB", (|sample: &Sample| sample.mib) as fn(&Sample) -> f64, SLACK_MIB),
            ("descriptors", |sample| sample.descriptors, SLACK_DESCRIPTORS),
        ] {
            let (before, after) = (most(early, of_sample), most(late, of_sample));
            println!("{name}: at most {before:.0} in the first half of process {longest}, {after:.0} in the second");
            if after > before * GROWTH_MAX + slack {
                return Err(format!("{name} grew from {before:.0} to {after:.0}").into());
            }
        }
        Ok(())
    }
}
