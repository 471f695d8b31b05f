//! Names with dots as steps into a value: what `a.b.0` means for what a store is known to hold.
//!
//! A field whose name has dots in it goes before a path. A number is an element of an array, unless an object has a
//! field of that name. A field of an array that is not a number is that field of its elements.

use super::shape::{Kinds, Node};

/// One step from a value to a part of it. `node` is what is known of the part.
#[derive(Clone, Debug)]
pub(super) enum Step<'n> {
    Field(&'n str, Option<&'n Node>),
    Index(u32),
    /// To any element.
    Each,
}

/// The steps from `node`; none when nothing can be there.
pub(super) fn steps<'n>(node: &'n Node, path: &'n str) -> Option<Vec<Step<'n>>> {
    let mut found = Vec::new();
    walk(node, path, &mut found).then_some(found)
}

fn walk<'n>(node: &'n Node, path: &'n str, found: &mut Vec<Step<'n>>) -> bool {
    known_field(node, path, found) || element(node, path, found) || unlisted(node, path, found)
}

/// Fields that are listed, longest names first.
fn known_field<'n>(node: &'n Node, path: &'n str, found: &mut Vec<Step<'n>>) -> bool {
    let mut end = path.len();
    loop {
        let Some(name) = path.get(..end) else {
            return false;
        };
        if let Some(field) = node.field(name) {
            found.push(Step::Field(name, Some(field)));
            match path.get(end + 1..) {
                None => return true,
                Some(rest) if walk(field, rest, found) => return true,
                Some(_) => {
                    found.pop();
                }
            }
        }
        match name.rfind('.') {
            Some(dot) => end = dot,
            None => return false,
        }
    }
}

fn element<'n>(node: &'n Node, path: &'n str, found: &mut Vec<Step<'n>>) -> bool {
    if !node.kinds.may_be(Kinds::ARRAY) {
        return false;
    }
    let (first, rest) = split(path);
    if let Some(index) = index(first) {
        found.push(Step::Index(index));
        match (rest, &node.elements) {
            (None, _) => return true,
            (Some(rest), Some(elements)) if walk(elements, rest, found) => return true,
            (Some(rest), None) => {
                raw(rest, found);
                return true;
            }
            (Some(_), Some(_)) => {
                found.pop();
            }
        }
    }
    let Some(elements) = node.elements.as_deref() else {
        return false;
    };
    found.push(Step::Each);
    if known_field(elements, path, found) || element(elements, path, found) {
        return true;
    }
    found.pop();
    false
}

/// Fields of what may have more of them than are listed.
fn unlisted<'n>(node: &'n Node, path: &'n str, found: &mut Vec<Step<'n>>) -> bool {
    let open = node.open && node.kinds.may_be(Kinds::NESTED);
    if open {
        raw(path, found);
    }
    open
}

fn raw<'n>(path: &'n str, found: &mut Vec<Step<'n>>) {
    found.extend(
        path.split('.')
            .enumerate()
            .map(|(at, name)| match index(name) {
                Some(index) if at > 0 => Step::Index(index),
                _ => Step::Field(name, None),
            }),
    );
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    }
}

fn index(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}
