//! Detects regexes that can take exponential time: those with a repetition in which one text can match in two ways.
//!
//! The repetition becomes an automaton with one state per class. Two paths through the automaton are walked in parallel. If they diverge
//! and meet again in the state where they started, each further round doubles the number of paths that a backtracking matcher tries before
//! it fails. This requires that the rest of the regex can fail; otherwise the matcher stops at the first path.

use super::{Class, Node};

/// Larger bounds on repetition allow no new kinds of paths.
const COPIES_MAX: usize = 12;
/// A repetition with fewer rounds takes polynomial time, which is short for the texts of requests. With more rounds, it takes as long as an
/// unbounded one.
const ROUNDS_MANY: usize = 8;
/// Larger automata are not analyzed, to limit the time.
const STATES_MAX: usize = 80;

impl Node {
    /// Whether the regex is known to take exponential time on some texts that do not match.
    pub(crate) fn is_exponential(&self) -> bool {
        self.has_ambiguous_loop(false)
    }

    /// `can_fail`: whether the rest of the regex can fail to match.
    fn has_ambiguous_loop(&self, can_fail: bool) -> bool {
        match self {
            Node::Class(_) | Node::Back(_) | Node::Assertion => false,
            Node::Group { node, .. } => node.has_ambiguous_loop(can_fail),
            Node::Choice(nodes) => nodes.iter().any(|node| node.has_ambiguous_loop(can_fail)),
            Node::Sequence(nodes) => (0..nodes.len()).any(|index| {
                let can_fail = can_fail || nodes[index + 1..].iter().any(Node::can_reject);
                nodes[index].has_ambiguous_loop(can_fail)
            }),
            Node::Repeat { node, max, .. } => {
                let is_loop = max.is_none_or(|max| max >= ROUNDS_MANY) && can_fail && node.varies();
                (is_loop && Automaton::of_loop(node).is_some_and(|automaton| automaton.is_ambiguous())) || node.has_ambiguous_loop(can_fail)
            }
        }
    }

    fn can_reject(&self) -> bool {
        match self {
            Node::Class(_) | Node::Back(_) | Node::Assertion => true,
            Node::Group { node, .. } => node.can_reject(),
            Node::Choice(nodes) => nodes.iter().all(Node::can_reject),
            Node::Sequence(nodes) => nodes.iter().any(Node::can_reject),
            Node::Repeat { node, min, .. } => *min > 0 && node.can_reject(),
        }
    }

    /// Whether there is more than one path through the node. If not, there is no ambiguity to look for.
    fn varies(&self) -> bool {
        match self {
            Node::Class(_) | Node::Back(_) | Node::Assertion => false,
            Node::Group { node, .. } => node.varies(),
            Node::Choice(_) => true,
            Node::Sequence(nodes) => nodes.iter().any(Node::varies),
            Node::Repeat { node, min, max } => Some(*min) != *max || node.varies(),
        }
    }
}

/// The states of a repetition, one per class. Parallel edges represent several paths from one state to the next.
struct Automaton<'n> {
    classes: Vec<&'n Class>,
    edges: Vec<Vec<usize>>,
}

/// How a part can be entered and left. A state is listed once per path to it.
#[derive(Clone)]
struct Part {
    first: Vec<usize>,
    last: Vec<usize>,
    /// Whether the part also matches the empty string.
    is_nullable: bool,
}

impl<'n> Automaton<'n> {
    /// Builds the automaton of a repetition; `None` if it is too large or contains a back reference.
    fn of_loop(node: &'n Node) -> Option<Self> {
        let mut automaton = Automaton { classes: Vec::new(), edges: Vec::new() };
        let part = automaton.add(node)?;
        automaton.connect(&part.last, &part.first);
        Some(automaton)
    }

    fn add(&mut self, node: &'n Node) -> Option<Part> {
        match node {
            Node::Back(_) => None,
            Node::Assertion => Some(Part { first: Vec::new(), last: Vec::new(), is_nullable: true }),
            Node::Group { node, .. } => self.add(node),
            Node::Class(class) => {
                let state = self.classes.len();
                self.classes.push(class);
                self.edges.push(Vec::new());
                (state < STATES_MAX).then(|| Part { first: vec![state], last: vec![state], is_nullable: false })
            }
            Node::Choice(nodes) => {
                let mut whole = Part { first: Vec::new(), last: Vec::new(), is_nullable: false };
                for node in nodes {
                    let part = self.add(node)?;
                    whole.first.extend(part.first);
                    whole.last.extend(part.last);
                    whole.is_nullable |= part.is_nullable;
                }
                Some(whole)
            }
            Node::Sequence(nodes) => {
                let mut whole = Part { first: Vec::new(), last: Vec::new(), is_nullable: true };
                for node in nodes {
                    let part = self.add(node)?;
                    whole = self.followed(whole, part);
                }
                Some(whole)
            }
            Node::Repeat { node, min, max } => self.add_repeat(node, (*min).min(COPIES_MAX), max.map(|max| max.min(COPIES_MAX))),
        }
    }

    /// Expands to `XX(X(X)?)?` or `XXX*`. Optional copies are nested, so that there is only one way to omit them.
    fn add_repeat(&mut self, node: &'n Node, min: usize, max: Option<usize>) -> Option<Part> {
        let mut tail = Part { first: Vec::new(), last: Vec::new(), is_nullable: true };
        let mut needed = min;
        match max {
            None => {
                tail = self.add(node)?;
                self.connect(&tail.last, &tail.first);
                // `X+` repeats the same `X`. It is not expanded to `XX*`.
                tail.is_nullable |= min == 0;
                needed = min.saturating_sub(1);
            }
            Some(max) => {
                for _ in min..max {
                    let part = self.add(node)?;
                    tail = self.followed(part, tail);
                    tail.is_nullable = true;
                }
            }
        }
        for _ in 0..needed {
            let part = self.add(node)?;
            tail = self.followed(part, tail);
        }
        Some(tail)
    }

    fn followed(&mut self, left: Part, right: Part) -> Part {
        self.connect(&left.last, &right.first);
        let mut whole = Part { first: left.first, last: right.last, is_nullable: left.is_nullable && right.is_nullable };
        if left.is_nullable {
            whole.first.extend(right.first);
        }
        if right.is_nullable {
            whole.last.extend(left.last);
        }
        whole
    }

    fn connect(&mut self, from: &[usize], to: &[usize]) {
        from.iter().for_each(|state| self.edges[*state].extend(to));
    }

    /// Whether two paths that start in one state diverge, read the same text, and meet in that state again.
    fn is_ambiguous(&self) -> bool {
        let count = self.classes.len();
        (0..count).any(|start| {
            // The pairs of states that both paths reach together, and whether the paths have diverged by then.
            let mut seen = vec![[false; 2]; count * count];
            let mut open = vec![(start, start, false)];
            while let Some((left, right, parted)) = open.pop() {
                for (index, one) in self.edges[left].iter().enumerate() {
                    for (other_index, other) in self.edges[right].iter().enumerate() {
                        let parted = parted || index != other_index;
                        if !overlap(self.classes[*one], self.classes[*other]) {
                            continue;
                        }
                        if parted && (*one, *other) == (start, start) {
                            return true;
                        }
                        if !std::mem::replace(&mut seen[one * count + other][usize::from(parted)], true) {
                            open.push((*one, *other, parted));
                        }
                    }
                }
            }
            false
        })
    }
}

fn overlap(left: &Class, right: &Class) -> bool {
    left.iter().any(|(from, to)| right.iter().any(|(low, high)| from <= high && low <= to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_exponential(source: &str) -> bool {
        Node::parse(source).unwrap_or_else(|| panic!("{source} can be read")).is_exponential()
    }

    #[test]
    fn ways_that_multiply_are_seen() {
        let sources = [
            "^(a+)+$",
            "^(a*)*$",
            r"^(\w+\s?)*$",
            r"^(\s*\w+\s*)*$",
            "^(a|a)*$",
            r"^(\d|\w)+$",
            "^(a?b?)*$",
            r"^([a-zA-Z0-9_.-]+)*@x$",
            "^(.*,)*x$",
            "^([0-9]{4}|[0-9]{2})*$",
            "^((ab)*|abab)*$",
            "(x+x+)+y",
            "^(a{0,40})*b",
            // A bound that is higher than a text is long ends nothing.
            "^([a-z]+ ?){1,20}$",
            "^([a-z]{1,9}){1,9}$",
            "^(.*;){8}x",
        ];
        for source in sources {
            assert!(is_exponential(source), "{source}");
        }
    }

    #[test]
    fn common_patterns_raise_no_alarm() {
        let sources = [
            "^[a-z]+(-[a-z]+)*$",
            r"^([a-z0-9]+\.)+[a-z]{2,}$",
            r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$",
            r#"^(([^<>()[\]\\.,;:\s@"]+(\.[^<>()[\]\\.,;:\s@"]+)*)|(".+"))@(([a-z]+\.)+[a-z]{2,})$"#,
            r"^(\/[^\/]+)*\/?$",
            r"^\S+(\s+\S+)*$",
            "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
            "^(a|b)*$",
            "^(cat|car)*$",
            r"^(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\.){3}([0-9]|[1-9][0-9])$",
            // Polynomial at worst, or the rest cannot fail.
            "^.*a.*b$",
            "(a+)+",
            "^(a+)+b?",
            "^([a-z]+){1,3}$",
            "^([a-z]+-){1,20}[a-z]+$",
            "^([0-9]{1,3}[.]?){4}$",
        ];
        for source in sources {
            assert!(!is_exponential(source), "{source}");
        }
    }
}
