//! When events of a calendar are on.

/// The times at which events are on, in seconds since the Unix epoch: apart from each other, in order.
#[derive(Debug, Clone)]
pub(super) struct Spans {
    is_open_by_default: bool,
    /// Each with its first second and the one after its last.
    spans: Vec<(i64, i64)>,
}

impl Spans {
    /// Joins what overlaps or touches.
    pub(super) fn of(is_open_by_default: bool, mut spans: Vec<(i64, i64)>) -> Self {
        spans.retain(|(start, end)| start < end);
        spans.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::with_capacity(spans.len());
        for (start, end) in spans {
            match joined.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                Some(_) | None => joined.push((start, end)),
            }
        }
        Self { is_open_by_default, spans: joined }
    }

    pub(super) fn is_open(&self, at: i64) -> bool {
        let next = self.spans.partition_point(|(start, _)| *start <= at);
        let last = next.checked_sub(1).and_then(|last| self.spans.get(last));
        let is_on = last.is_some_and(|(_, end)| at < *end);
        self.is_open_by_default != is_on
    }
}

/// Returns the first time after `at` at which all calendars together change between open and closed.
pub(super) fn next_change(calendars: &[Spans], at: i64) -> Option<i64> {
    let is_open = |at| calendars.iter().all(|calendar| calendar.is_open(at));
    let now = is_open(at);
    let edges = calendars.iter().flat_map(|calendar| &calendar.spans);
    let mut edges: Vec<i64> =
        edges.flat_map(|(start, end)| [*start, *end]).filter(|edge| *edge > at).collect();
    edges.sort_unstable();
    edges.dedup();
    edges.into_iter().find(|edge| is_open(*edge) != now)
}
