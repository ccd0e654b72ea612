//! The multipart bodies in `operations.ts`: their interfaces, and how their parts are written.

use std::fmt::Write;

use super::calls::Call;
use super::code::{Code, docs, quoted};
use super::names::{Names, member, root_type, schema};
use crate::emit::Plan;
use crate::model::{Media, PartKind};

/// The interface of a multipart body; `None` if the operation has another body.
pub fn interface(plan: &Plan<'_>, names: &Names, call: &Call<'_>) -> Option<String> {
    let (name, (media, ..)) = (call.body_name.as_ref()?, call.body.as_ref()?);
    let mut fields = String::new();
    for part in plan.contract.body_parts(media)?.parts {
        let ty = match part.kind {
            PartKind::Value => root_type(plan, names, part.schema),
            PartKind::File => "Blob".to_owned(),
            PartKind::Files => "Blob[]".to_owned(),
        };
        let described = plan.contract.schema(part.schema).annotations.description.clone();
        let text = described.unwrap_or_else(|| format!("`{}`", part.name));
        let _ = writeln!(fields, "{}  {}", docs(&text, 2), member(&part.name, part.required, &ty));
    }
    Some(format!("/** The body of {{@link {}}}. */\nexport interface {name} {{\n{fields}}}\n", call.name))
}

/// The writer of a multipart body.
pub fn writer(plan: &Plan<'_>, names: &Names, media: &Media) -> Code {
    let parts = plan.contract.body_parts(media).map(|body| body.parts).unwrap_or_default();
    let part = |part: crate::model::BodyPart| {
        let mut members = vec![("name".to_owned(), Code::Text(quoted(&part.name)))];
        let mut flag = |is_set: bool, name: &str| members.extend(is_set.then(|| (name.to_owned(), Code::text("true"))));
        flag(part.required, "required");
        flag(part.kind != PartKind::Value, "file");
        if !part.media_types.is_empty() {
            members.push(("types".to_owned(), Code::List(part.media_types.iter().map(|ty| Code::Text(quoted(ty))).collect())));
        }
        if let Some((min, max)) = part.counts {
            let max = max.map_or("Infinity".to_owned(), |max| max.to_string());
            members.push(("counts".to_owned(), Code::List(vec![Code::Text(min.to_string()), Code::Text(max)])));
        }
        members.extend(schema(plan, names, part.schema).filter(|_| part.kind == PartKind::Value));
        Code::Object(members)
    };
    Code::call("multipart", vec![Code::List(parts.into_iter().map(part).collect())])
}
