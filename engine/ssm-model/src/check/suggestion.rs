//! The member that a client may have meant.

/// Longer names are not compared.
const LENGTH_MAX: usize = 64;

/// Returns the known name nearest to `name`, if it is near.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LENGTH_MAX {
        return None;
    }
    let allowed = (name.len() / 3).clamp(1, 3);
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(far, _)| *far <= allowed)
        .min()
        .map(|(_, near)| near)
}

/// Returns how many characters must be changed, added, removed or swapped with the next; case does not count.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().map(|character| character.to_ascii_lowercase()).collect();
    let right: Vec<char> = right.chars().map(|character| character.to_ascii_lowercase()).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for line in 0..left.len() {
        let mut row = vec![line + 1];
        for column in 0..right.len() {
            let changed = above[column] + usize::from(left[line] != right[column]);
            let mut least = changed.min(above[column + 1] + 1).min(row[column] + 1);
            let swapped = line > 0
                && column > 0
                && left[line] == right[column - 1]
                && left[line - 1] == right[column];
            if swapped {
                least = least.min(before[column - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(
            nearest(name, ["Key", "Name", "NextToken", "WithDecryption"].into_iter()),
            expected
        );
    }

    #[test]
    fn the_nearest_known_name_is_suggested() {
        check("name", Some("Name"));
        check("Nmae", Some("Name"));
        check("Names", Some("Name"));
        check("Kye", Some("Key"));
        check("Ke", Some("Key"));
        check("WithDecription", Some("WithDecryption"));
        check("next_token", Some("NextToken"));
        check("Colour", None);
        check(&"Name".repeat(100), None);
    }
}
