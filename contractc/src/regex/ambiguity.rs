//! Whether an expression can take exponential time: whether, in a repetition, one text can be matched in two ways that both go on.
//!
//! The repetition becomes an automaton with a state for each of its classes. Two ways through it are walked side by side: if they part
//! and meet again where they began, each further round doubles the ways that a backtracking matcher tries before it gives up. What comes
//! behind must be able to refuse; otherwise the first way is the last one tried.

use super::{Class, Node};

/// Larger bounds say nothing new of which ways there are.
const COPIES_MAX: usize = 12;
/// Larger repetitions are not judged, for the sake of the time that it would take.
const STATES_MAX: usize = 80;

impl Node {
    /// Whether the expression is known to take exponential time on some texts that do not match.
    pub(crate) fn is_exponential(&self) -> bool {
        self.has_ambiguous_loop(false)
    }

    /// `can_fail`: whether what comes behind can refuse.
    fn has_ambiguous_loop(&self, can_fail: bool) -> bool {
        match self {
            Node::Class(_) | Node::Back(_) | Node::Assertion => false,
            Node::Group { node, .. } => node.has_ambiguous_loop(can_fail),
            Node::Choice(nodes) => nodes.iter().any(|node| node.has_ambiguous_loop(can_fail)),
            Node::Sequence(nodes) => (0..nodes.len()).any(|index| {
                let can_fail = can_fail || nodes[index + 1..].iter().any(Node::can_refuse);
                nodes[index].has_ambiguous_loop(can_fail)
            }),
            Node::Repeat { node, max, .. } => {
                let is_loop = max.is_none() && can_fail && node.varies();
                (is_loop && Automaton::of_loop(node).is_some_and(|automaton| automaton.is_ambiguous())) || node.has_ambiguous_loop(can_fail)
            }
        }
    }

    fn can_refuse(&self) -> bool {
        match self {
            Node::Class(_) | Node::Back(_) | Node::Assertion => true,
            Node::Group { node, .. } => node.can_refuse(),
            Node::Choice(nodes) => nodes.iter().all(Node::can_refuse),
            Node::Sequence(nodes) => nodes.iter().any(Node::can_refuse),
            Node::Repeat { node, min, .. } => *min > 0 && node.can_refuse(),
        }
    }

    /// Whether there is more than one way through: otherwise there is nothing to walk.
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

/// The states of a repetition, each a class; an edge for each way from one to the next, several where there are several ways.
struct Automaton<'n> {
    classes: Vec<&'n Class>,
    edges: Vec<Vec<usize>>,
}

/// How a part can be entered and left. A state is listed once for each way to it.
#[derive(Clone)]
struct Part {
    first: Vec<usize>,
    last: Vec<usize>,
    /// Whether it matches nothing, too.
    is_nullable: bool,
}

impl<'n> Automaton<'n> {
    /// Nothing, if it is too large or refers back.
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

    /// `XX(X(X)?)?` or `XXX*`: what may come is nested, so that there is one way to leave it out.
    fn add_repeat(&mut self, node: &'n Node, min: usize, max: Option<usize>) -> Option<Part> {
        let mut tail = Part { first: Vec::new(), last: Vec::new(), is_nullable: true };
        let mut needed = min;
        match max {
            None => {
                tail = self.add(node)?;
                self.connect(&tail.last, &tail.first);
                // `X+` is `X` again and again, and not `XX*`.
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

    /// Whether two ways that begin in one state part, read the same text, and meet in that state again.
    fn is_ambiguous(&self) -> bool {
        let count = self.classes.len();
        (0..count).any(|start| {
            // What both ways reach together, in how they stand: still one, or parted.
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
            // Slow at worst by a power, or nothing behind can refuse.
            "^.*a.*b$",
            "(a+)+",
            "^(a+)+b?",
            "^([a-z]+){1,3}$",
        ];
        for source in sources {
            assert!(!is_exponential(source), "{source}");
        }
    }
}
