//! The fields of a store that are told apart: a tree of names below the whole value.
//!
//! Always true: a field's number is larger than its parent's and stays the same as long as the fields are not
//! made anew; the number of fields is bounded by the constants here. It counts nothing.

use super::{MAX_DEPTH, MAX_NESTED_FIELDS, MAX_NESTED_IN_ONE, MAX_TOP_FIELDS};

/// Number of the whole value, which has no name.
pub(super) const ROOT: u32 = 0;

/// Fields that are tried before a name is looked up.
const LIKELY: usize = 3;

/// One field.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    pub name: Box<[u8]>,
    pub parent: u32,
    /// Steps from the whole value.
    pub depth: u8,
    /// Whether it stands for the elements of its parent.
    pub is_elements: bool,
    /// Place among the names of its parent.
    position: u32,
    /// The field of its elements; 0 when there is none.
    elements: u32,
    /// Named fields in the order in which they were first seen.
    children: Vec<u32>,
    /// The same in the order of their names.
    sorted: Vec<u32>,
}

/// All fields of a store.
#[derive(Clone, Debug)]
pub(super) struct Names {
    fields: Vec<Field>,
    nested: usize,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            fields: vec![Field::default()],
            nested: 0,
        }
    }
}

impl Names {
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    #[inline]
    pub fn get(&self, field: u32) -> Option<&Field> {
        self.fields.get(field as usize)
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &Field)> {
        self.fields
            .iter()
            .enumerate()
            .map(|(at, field)| (at as u32, field))
    }

    /// Whether values at this field are looked into.
    #[inline]
    pub fn is_open(&self, field: u32) -> bool {
        self.get(field)
            .is_some_and(|field| usize::from(field.depth) < MAX_DEPTH)
    }

    fn named(&self, field: u32, name: &[u8]) -> bool {
        self.get(field).is_some_and(|field| &*field.name == name)
    }

    /// The field of this name below `parent`. `next` is where it is looked for first, and is moved on.
    pub fn child(&self, parent: u32, name: &[u8], next: &mut usize) -> Option<u32> {
        let parent = self.get(parent)?;
        // Documents keep an order; an optional field or two may be missing.
        let likely = parent.children.iter().enumerate().skip(*next).take(LIKELY);
        for (at, expected) in likely {
            if self.named(*expected, name) {
                *next = at + 1;
                return Some(*expected);
            }
        }
        let at = parent
            .sorted
            .binary_search_by(|field| {
                let there = self.get(*field).map_or(&[][..], |field| &*field.name);
                there.cmp(name)
            })
            .ok()?;
        let found = *parent.sorted.get(at)?;
        *next = self.get(found)?.position as usize + 1;
        Some(found)
    }

    /// The field of the elements of `parent`.
    pub fn elements(&self, parent: u32) -> Option<u32> {
        self.get(parent)
            .map(|field| field.elements)
            .filter(|elements| *elements != ROOT)
    }

    /// Whether `parent` may get another name.
    pub fn has_room(&self, parent: u32) -> bool {
        let Some(field) = self.get(parent) else {
            return false;
        };
        if parent == ROOT {
            field.children.len() < MAX_TOP_FIELDS
        } else {
            field.children.len() < MAX_NESTED_IN_ONE && self.nested < MAX_NESTED_FIELDS
        }
    }

    /// Adds a name that is not there.
    pub fn add(&mut self, parent: u32, name: &[u8]) -> u32 {
        let number = self.push(parent, name, false);
        if parent != ROOT {
            self.nested += 1;
        }
        let at = self.get(parent).map_or(0, |there| {
            there
                .sorted
                .partition_point(|field| self.get(*field).is_some_and(|field| &*field.name < name))
        });
        if let Some(parent) = self.fields.get_mut(parent as usize) {
            let position = parent.children.len() as u32;
            parent.children.push(number);
            parent.sorted.insert(at, number);
            if let Some(field) = self.fields.last_mut() {
                field.position = position;
            }
        }
        number
    }

    /// Adds the field of the elements, which is not there.
    pub fn add_elements(&mut self, parent: u32) -> u32 {
        let number = self.push(parent, b"", true);
        if let Some(parent) = self.fields.get_mut(parent as usize) {
            parent.elements = number;
        }
        number
    }

    fn push(&mut self, parent: u32, name: &[u8], is_elements: bool) -> u32 {
        let depth = self.get(parent).map_or(0, |parent| parent.depth);
        let number = self.fields.len() as u32;
        self.fields.push(Field {
            name: Box::from(name),
            parent,
            depth: depth + 1,
            is_elements,
            ..Field::default()
        });
        number
    }

    /// How people write the place of a field: `address.city`, `tags[]`, `lines[].price`. Empty for the
    /// whole value.
    pub fn path(&self, field: u32) -> String {
        let mut steps = Vec::new();
        let mut at = field;
        while let Some(field) = self.get(at).filter(|_| at != ROOT) {
            steps.push(field);
            at = field.parent;
        }
        let mut path = String::new();
        for step in steps.into_iter().rev() {
            if step.is_elements {
                path.push_str("[]");
                continue;
            }
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&String::from_utf8_lossy(&step.name));
        }
        path
    }

    /// Named fields of `parent`, then its elements.
    pub fn below(&self, parent: u32) -> impl Iterator<Item = u32> {
        let named = self.get(parent).map_or(&[][..], |field| &field.children);
        named.iter().copied().chain(self.elements(parent))
    }
}
