//! `AWS:InstanceDetailedInformation`.

use std::collections::BTreeSet;

use super::{Attributes, FactsError};

pub(super) fn detailed() -> Result<Attributes, FactsError> {
    let text = std::fs::read_to_string("/proc/cpuinfo")
        .map_err(|source| FactsError::Read { what: "/proc/cpuinfo", source })?;
    let mut attributes = processors(&text);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")
        .map_err(|source| FactsError::Read { what: "the kernel's release", source })?;
    attributes.push(("KernelVersion", kernel.trim().to_owned()));
    Ok(attributes)
}

/// A machine that does not tell sockets and cores, as many virtual ones do, has one socket and a core for each processor.
fn processors(text: &str) -> Attributes {
    let values = |key: &'static str| {
        text.lines().filter_map(move |line| {
            let (name, value) = line.split_once(':')?;
            (name.trim() == key).then(|| value.trim())
        })
    };
    let processors = values("processor").count();
    let sockets: BTreeSet<_> = values("physical id").collect();
    let cores: BTreeSet<_> = values("physical id").zip(values("core id")).collect();
    let cores = if cores.is_empty() { processors } else { cores.len() };
    let speed = values("cpu MHz").next().and_then(|speed| speed.split('.').next());
    vec![
        ("CPUModel", values("model name").next().unwrap_or_default().to_owned()),
        ("CPUSpeedMHz", speed.unwrap_or_default().to_owned()),
        ("CPUs", processors.to_string()),
        ("CPUSockets", sockets.len().max(1).to_string()),
        ("CPUCores", cores.to_string()),
        ("CPUHyperThreadEnabled", (processors > cores).to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::processors;

    #[test]
    fn processors_of_one_core_are_threads() {
        let one = "model name : X\ncpu MHz\t\t: 2100.5\nphysical id : 0\ncore id : 0\n\n";
        let text = format!("processor : 0\n{one}processor : 1\n{one}");
        let found = processors(&text);
        let value = |key| found.iter().find(|(name, _)| *name == key).unwrap().1.clone();
        assert_eq!(value("CPUModel"), "X");
        assert_eq!(value("CPUSpeedMHz"), "2100");
        assert_eq!(value("CPUs"), "2");
        assert_eq!(value("CPUCores"), "1");
        assert_eq!(value("CPUHyperThreadEnabled"), "true");
    }
}
