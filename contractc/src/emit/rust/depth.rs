//! Where types are nested too deeply for rustc, which proves `Send` by walking through all types that a type contains, to a limited depth.
//! A `Deep` ends such a walk.

use std::collections::BTreeSet;

use crate::shapes::{DeclarationId, Field, FieldKind, Shape, Shapes, Type};

/// How deep types may be nested. With the futures and responses around them, this stays below rustc's limit of 128.
const DEPTH_MAX: usize = 104;
/// How deep types without a name may be nested.
const PLAIN_DEPTH_MAX: usize = 48;
/// The depth of a type without parts: a `Value` holds maps and strings.
const LEAF_DEPTH: usize = 10;

/// The uses of types that need a `Deep`.
pub struct Depths {
    cuts: BTreeSet<(DeclarationId, DeclarationId)>,
}

/// The number of types that rustc enters in a map to get to its values.
const MAP_STEPS: usize = 6;
/// The same in an `Option`.
const OPTION_STEPS: usize = 1;

/// The types in a shape, and the number of types that rustc enters to get to each: a record has an `Option` around members that are not
/// required, and a map of all others.
fn parts(shape: &Shape) -> Vec<(usize, &Type)> {
    let Shape::Record { fields, rest, states_others: _ } = shape else { return shape.types().map(|ty| (0, ty)).collect() };
    let steps = |field: &Field| if field.required { 0 } else { OPTION_STEPS };
    let members = fields.iter().filter_map(|field| match &field.kind {
        FieldKind::Value(ty) => Some((steps(field), ty)),
        FieldKind::Constant(_) => None,
    });
    members.chain(rest.iter().map(|ty| (MAP_STEPS, ty))).collect()
}

/// The number of types that rustc enters to get to the type within: `Vec<T>` is a `RawVec<T>`, which has a `PhantomData<T>`.
fn step(ty: &Type) -> Option<(usize, &Type)> {
    match ty {
        Type::List(inner) => Some((3, inner)),
        Type::Tuple { .. } => Some((3, ty.item())),
        Type::Each(inner) => Some((4, inner)),
        Type::Map(inner) => Some((MAP_STEPS, inner)),
        Type::Optional(inner) => Some((OPTION_STEPS, inner)),
        Type::Listed(_, inner) => Some((0, inner)),
        _ => None,
    }
}

/// Whether a type without a name needs a `Deep` for what it contains, because that is nested deeply.
pub fn is_cut(ty: &Type) -> bool {
    plain_depth(ty).1
}

/// The depth of a type down to a declared type or a `Deep`, and whether the latter is right inside.
fn plain_depth(ty: &Type) -> (usize, bool) {
    let Some((steps, inner)) = step(ty) else { return (LEAF_DEPTH, false) };
    let (depth, _) = plain_depth(inner);
    let is_cut = steps + depth > PLAIN_DEPTH_MAX;
    (if is_cut { steps + 1 } else { steps + depth }, is_cut)
}

/// A declared type within a type, and how deep it is; `None` if there is none, or a `Deep` around it.
fn declared(ty: &Type) -> Option<(DeclarationId, usize)> {
    match ty {
        Type::Declared(id) => Some((*id, 1)),
        Type::Recursive(id) => Some((*id, 4)),
        _ if is_cut(ty) => None,
        _ => step(ty).and_then(|(steps, inner)| declared(inner).map(|(id, depth)| (id, depth + steps))),
    }
}

impl Depths {
    pub fn new(shapes: &Shapes) -> Self {
        let parts: Vec<_> = shapes.declarations.iter().map(|declaration| parts(&declaration.shape)).collect();
        let used = |(steps, ty): &(usize, &Type)| declared(ty).map(|(id, depth)| (id, steps + depth));
        let uses: Vec<Vec<_>> = parts.iter().map(|parts| parts.iter().filter_map(used).collect()).collect();
        let depth = |(steps, ty): &(usize, &Type)| steps + plain_depth(ty).0;
        let plain = parts.iter().map(|parts| parts.iter().map(depth).max().unwrap_or_default()).collect();
        let mut walk = Walk { uses: &uses, depths: plain, cuts: BTreeSet::new() };
        let targets: Vec<Vec<usize>> = uses.iter().map(|uses| uses.iter().map(|(id, _)| id.0).collect()).collect();
        for group in crate::shapes::groups(&targets) {
            walk.group(&group.into_iter().map(DeclarationId).collect());
        }
        Depths { cuts: walk.cuts }
    }

    /// Whether a use of a type within another one needs a `Deep`.
    pub fn has_cut(&self, user: DeclarationId, used: DeclarationId) -> bool {
        self.cuts.contains(&(user, used))
    }
}

struct Walk<'a> {
    /// The declared types that each type uses, and how deep.
    uses: &'a [Vec<(DeclarationId, usize)>],
    /// How deep each type is; before it is walked, without the declared types in it.
    depths: Vec<usize>,
    cuts: BTreeSet<(DeclarationId, DeclarationId)>,
}

impl Walk<'_> {
    /// Cuts the paths through types that contain each other, or through one other type. rustc may enter them at any of them.
    fn group(&mut self, group: &BTreeSet<DeclarationId>) {
        let mut deepest = 0;
        for start in group {
            let (mut seen, mut open) = (BTreeSet::from([*start]), vec![(*start, 0, 0)]);
            while let Some((user, depth, next)) = open.pop() {
                deepest = deepest.max(depth + self.depths[user.0]);
                let Some((used, steps)) = self.uses[user.0].get(next).copied() else { continue };
                open.push((user, depth, next + 1));
                let is_inside = group.contains(&used);
                if self.cuts.contains(&(user, used)) || (is_inside && seen.contains(&used)) {
                    continue;
                }
                let below = depth + steps;
                if below + self.depths[used.0] > DEPTH_MAX {
                    self.cuts.insert((user, used));
                } else if is_inside {
                    seen.insert(used);
                    open.push((used, below, 0));
                } else {
                    deepest = deepest.max(below + self.depths[used.0]);
                }
            }
        }
        group.iter().for_each(|id| self.depths[id.0] = deepest);
    }
}
