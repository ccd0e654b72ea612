//! Finds the uses of a type inside the type itself: these need indirection.

use std::collections::BTreeMap;

use super::{DeclarationId, FieldKind, Shape, Shapes, Type};

impl Shapes {
    /// Marks every use of a type inside itself that is not inside a list or map.
    pub(super) fn mark_recursion(&mut self) {
        let edges: Vec<Vec<usize>> = self.declarations.iter().map(|declaration| declaration.shape.held_in_place()).collect();
        let component = components(&edges);
        for (index, declaration) in self.declarations.iter_mut().enumerate() {
            let circular = |id: DeclarationId| component[id.0] == component[index];
            declaration.shape.types_mut().for_each(|ty| ty.mark(&circular));
        }
    }
}

impl Shape {
    /// The types of its members or variants.
    pub fn types(&self) -> Box<dyn Iterator<Item = &Type> + '_> {
        match self {
            Shape::Record { fields, .. } => Box::new(fields.iter().filter_map(|field| match &field.kind {
                FieldKind::Value(ty) => Some(ty),
                FieldKind::Constant(_) => None,
            })),
            Shape::Texts(_) => Box::new(std::iter::empty()),
            Shape::Tagged { variants, .. } | Shape::ByType(variants) | Shape::Untagged { variants, attempts: _ } => {
                Box::new(variants.iter().map(|variant| &variant.ty))
            }
            Shape::Wrapper(ty) => Box::new(std::iter::once(ty)),
        }
    }

    fn types_mut(&mut self) -> Box<dyn Iterator<Item = &mut Type> + '_> {
        match self {
            Shape::Record { fields, .. } => Box::new(fields.iter_mut().filter_map(|field| match &mut field.kind {
                FieldKind::Value(ty) => Some(ty),
                FieldKind::Constant(_) => None,
            })),
            Shape::Texts(_) => Box::new(std::iter::empty()),
            Shape::Tagged { variants, .. } | Shape::ByType(variants) | Shape::Untagged { variants, attempts: _ } => {
                Box::new(variants.iter_mut().map(|variant| &mut variant.ty))
            }
            Shape::Wrapper(ty) => Box::new(std::iter::once(ty)),
        }
    }

    fn held_in_place(&self) -> Vec<usize> {
        self.types().filter_map(|ty| ty.held_in_place()).map(|id| id.0).collect()
    }
}

impl Type {
    fn held_in_place(&self) -> Option<DeclarationId> {
        match self {
            Type::Declared(id) | Type::Recursive(id) => Some(*id),
            Type::Optional(inner) => inner.held_in_place(),
            _ => None,
        }
    }

    fn mark(&mut self, circular: &impl Fn(DeclarationId) -> bool) {
        match self {
            Type::Declared(id) if circular(*id) => *self = Type::Recursive(*id),
            Type::Optional(inner) => inner.mark(circular),
            _ => {}
        }
    }
}

/// Computes the strongly connected component of each node of a graph. A single node without an edge to itself gets a component of its own,
/// which none of its edges share.
fn components(edges: &[Vec<usize>]) -> Vec<usize> {
    let order = postorder(edges);
    let mut reversed = vec![Vec::new(); edges.len()];
    for (from, targets) in edges.iter().enumerate() {
        targets.iter().for_each(|to| reversed[*to].push(from));
    }
    let mut component = vec![usize::MAX; edges.len()];
    for root in order.into_iter().rev() {
        let mut open = vec![root];
        while let Some(node) = open.pop() {
            if component[node] == usize::MAX {
                component[node] = root;
                open.extend(reversed[node].iter().filter(|next| component[**next] == usize::MAX));
            }
        }
    }
    component
}

/// The strongly connected components of a graph. No component has an edge to a later one.
pub fn groups(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let component = components(edges);
    let (mut groups, mut position) = (Vec::<Vec<usize>>::new(), BTreeMap::new());
    for node in postorder(edges).into_iter().rev() {
        let index = *position.entry(component[node]).or_insert(groups.len());
        groups.resize_with(groups.len().max(index + 1), Vec::new);
        groups[index].push(node);
    }
    groups.reverse();
    groups
}

fn postorder(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(edges.len());
    let mut seen = vec![false; edges.len()];
    for start in 0..edges.len() {
        let mut stack = vec![(start, 0)];
        while let Some((node, next)) = stack.pop() {
            if next == 0 && std::mem::replace(&mut seen[node], true) {
                continue;
            }
            match edges[node].get(next) {
                Some(target) => {
                    stack.push((node, next + 1));
                    if !seen[*target] {
                        stack.push((*target, 0));
                    }
                }
                None => order.push(node),
            }
        }
    }
    order
}
