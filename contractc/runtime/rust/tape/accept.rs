//! Checks parsed text by the tables of `rule.rs` in one pass over the nodes, without a report.
//!
//! The result equals that of [`Checker::check_or`], which reports why a value is rejected.

use super::super::check::Types;
use super::super::json::{Json, Object};
use super::super::report::{At, Checker};
use super::super::rule::{List, Order, Record, Rule, Tagged};
use super::{Container, Kind, Node, Tape, low, same_text};

impl Container<'_> {
    /// Whether a rule accepts the container. `out` has no violations yet.
    pub(in super::super) fn accepts(self, rule: &'static Rule, out: &mut Checker) -> bool {
        let mut walk = Walk { tape: self.tape, order: Order::new(), out };
        walk.value(self.index, rule).is_some()
    }
}

struct Walk<'t, 'o> {
    tape: &'t Tape<'t>,
    order: Order,
    out: &'o mut Checker,
}

impl<'t> Walk<'t, '_> {
    #[inline]
    fn node(&self, index: usize) -> Node {
        self.tape.nodes[index]
    }

    /// Checks the value at a node. Returns the index of the node after it.
    fn value(&mut self, index: usize, rule: &'static Rule) -> Option<usize> {
        let node = self.node(index);
        match (rule, node.kind) {
            (Rule::Any, _) => Some(self.tape.behind(index)),
            (Rule::Text(rules), Kind::Plain | Kind::Escaped) => {
                self.out.text(self.tape.text(node), rules, At::ROOT);
                self.passed(index + 1)
            }
            (Rule::Texts(types, texts), Kind::Plain | Kind::Escaped) => {
                let text = self.tape.text(node);
                (types.contains(Types::STRING) && texts.iter().any(|known| same_text(known, text))).then_some(index + 1)
            }
            (Rule::Integer(bounds), Kind::Signed | Kind::Unsigned | Kind::Float) => {
                self.out.number_in(self.tape.value(index).into(), Types::INTEGER, bounds, At::ROOT);
                self.passed(index + 1)
            }
            (Rule::Number(bounds), Kind::Signed | Kind::Unsigned | Kind::Float) => {
                self.out.number_in(self.tape.value(index).into(), Types::NUMBER, bounds, At::ROOT);
                self.passed(index + 1)
            }
            (Rule::Types(types), _) => types.accepts(self.tape.value(index).into()).then(|| self.tape.behind(index)),
            (Rule::OrNull(Rule::Text(_) | Rule::Integer(_) | Rule::Number(_) | Rule::List(_) | Rule::Record(_)), Kind::Null) => {
                Some(index + 1)
            }
            (Rule::Nullable(_), Kind::Null) => Some(index + 1),
            (Rule::OrNull(rule) | Rule::Nullable(rule), _) => self.value(index, rule),
            (Rule::List(list), Kind::Array) if !list.unique => self.list(index, list),
            (Rule::Record(record), Kind::Object) => self.record(index, record),
            (Rule::Tagged(tagged), Kind::Object) => self.value(index, self.variant(index, tagged)?),
            _ => {
                self.out.check_or(self.tape.value(index).into(), rule, Types(0), At::ROOT);
                self.passed(self.tape.behind(index))
            }
        }
    }

    #[inline]
    fn passed(&self, next: usize) -> Option<usize> {
        self.out.passed().then_some(next)
    }

    fn list(&mut self, index: usize, list: &'static List) -> Option<usize> {
        if !(list.min..=list.max).contains(&(low(self.node(index).data) as u64)) {
            return None;
        }
        if list.each && self.out.apart {
            return Some(self.tape.behind(index));
        }
        let mut at = index + 1;
        while self.node(at).kind != Kind::End {
            at = self.value(at, list.items)?;
        }
        Some(at + 1)
    }

    fn record(&mut self, index: usize, record: &'static Record) -> Option<usize> {
        let (mut at, mut required, mut before) = (index + 1, 0, 0);
        while self.node(at).kind != Kind::End {
            let found = self.member(at, record, before);
            let rule = match found {
                Some(index) => {
                    before = index + 1;
                    required += usize::from(index < record.required);
                    record.members[index].1
                }
                None => record.others?,
            };
            at = self.value(at + 1, rule)?;
        }
        // Names are unique, so the count shows whether all are present.
        if required < record.required {
            return None;
        }
        if let Some(more) = record.more {
            self.out.more(Object::Tape(Container { tape: self.tape, index }), record, more, At::ROOT);
        }
        self.passed(at + 1)
    }

    /// The index of a member in the record, by its name at a node.
    #[inline]
    fn member(&mut self, at: usize, record: &'static Record, before: usize) -> Option<usize> {
        let name = self.node(at);
        let expected = self.order.expected(record, before);
        if record.members.get(expected).is_some_and(|(known, _)| self.tape.is_text(name, known)) {
            return Some(expected);
        }
        let found = record.find(self.tape.text(name), before)?;
        self.order.learn(record, before, found);
        Some(found)
    }

    /// The rule of the variant that the value of a member selects.
    fn variant(&self, index: usize, tagged: &'static Tagged) -> Option<&'static Rule> {
        let tag: Json<'t> = Container { tape: self.tape, index }.find(tagged.member)?.value().into();
        tagged.variant(tag)
    }
}
