//! Reads what `df -P -k` writes.

use runwright_sdk::{Failure, value};

/// One file system.
#[value]
pub(crate) struct Filesystem {
    /// Where it is mounted.
    pub(crate) mount: String,
    pub(crate) kilobytes: u64,
    /// How full it is, in percent.
    pub(crate) percent: u64,
}

/// Reads every line but the first, which holds the titles. File systems without a size, such as `/proc`, and those
/// at or below a path of `ignore` are left out.
pub(crate) fn parse(text: &str, ignore: &[String]) -> Result<Vec<Filesystem>, Failure> {
    let mut filesystems = Vec::new();
    for line in text.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        let filesystem = parse_line(line).ok_or_else(|| {
            Failure::new("BadAnswer", format!("df wrote a line that is unknown: {line}"))
        })?;
        if filesystem.kilobytes > 0 && !ignore.iter().any(|path| is_within(&filesystem.mount, path))
        {
            filesystems.push(filesystem);
        }
    }
    Ok(filesystems)
}

/// Returns the fullest; of several the first.
pub(crate) fn fullest(filesystems: &[Filesystem]) -> Option<&Filesystem> {
    filesystems.iter().rev().max_by_key(|filesystem| filesystem.percent)
}

/// Device, size, used, available, percent, mount point; the last may hold spaces.
fn parse_line(line: &str) -> Option<Filesystem> {
    let mut fields = line.split_whitespace();
    let kilobytes = fields.nth(1)?.parse().ok()?;
    let percent = fields.nth(2)?;
    let mount: Vec<_> = fields.collect();
    let percent = if percent == "-" { 0 } else { percent.strip_suffix('%')?.parse().ok()? };
    (!mount.is_empty()).then(|| Filesystem { mount: mount.join(" "), kilobytes, percent })
}

fn is_within(mount: &str, path: &str) -> bool {
    mount.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{fullest, parse};

    const TEXT: &str = "\
Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/sda1         41152736 18235112  21131264      47% /
tmpfs              1000000        0   1000000       0% /run/user/0
/dev/sdb1           500000   480000     20000      96% /srv/my data
proc                     0        0         0        - /proc
/dev/sdc1           500000   480000     20000      96% /running
";

    #[test]
    fn file_systems_are_read_and_ignored() {
        let filesystems = parse(TEXT, &["/run".to_owned()]).unwrap();
        let mounts: Vec<_> =
            filesystems.iter().map(|one| (one.mount.as_str(), one.percent)).collect();
        assert_eq!(mounts, [("/", 47), ("/srv/my data", 96), ("/running", 96)]);
        assert_eq!(fullest(&filesystems).unwrap().mount, "/srv/my data");
        assert!(fullest(&[]).is_none());
    }

    #[test]
    fn a_line_that_is_unknown_is_a_failure() {
        for line in ["x", "/dev/sda1 many 1 1 1% /", "/dev/sda1 1 1 1 full /", "/dev/sda1 1 1 1 1%"]
        {
            let failure = parse(&format!("titles\n{line}\n"), &[]).unwrap_err();
            assert_eq!(failure.code, "BadAnswer");
            assert!(failure.message.contains(line), "{failure}");
        }
    }
}
