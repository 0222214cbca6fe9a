//! Where the fields of a RON text stand, so that an error of meaning can name its line.

use std::collections::BTreeMap;

/// Where each field of a RON text begins.
///
/// RON gives lines for errors of syntax only; a negative mass is found later, when the text is
/// gone. This reads the same text again, loosely: strings, comments and nesting are honoured, and
/// whatever else stands there is skipped. It never fails; a path that it did not see has the line
/// of its nearest parent.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldLines {
    /// Path to where the field's name or the element begins, and where its value ends.
    spans: BTreeMap<String, (Place, Place)>,
    /// Fields and map keys that stand in one struct or map twice, with the second's line.
    pub(super) repeated: Vec<(String, usize)>,
}

impl FieldLines {
    pub(super) fn of(text: &str) -> Self {
        let mut scan = Scan {
            rest: text,
            line: 1,
            column: 1,
            found: Self::default(),
        };
        scan.skip_blank();
        scan.value("", 0);
        scan.found
    }

    /// The line of a field or of its nearest parent that was seen; 0 without a text.
    pub(super) fn line_of(&self, field: &str) -> usize {
        let mut path = field;
        loop {
            if let Some((start, _)) = self.spans.get(path) {
                return start.0;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return usize::from(!self.spans.is_empty()),
            }
        }
    }

    /// The innermost field around a place; empty if that is the whole text.
    pub(super) fn field_around(&self, place: Place) -> &str {
        self.innermost(|(start, end)| start <= place && place < end)
    }

    /// The innermost field around a place or ending there; empty if that is the whole text.
    pub(super) fn field_touching(&self, place: Place) -> &str {
        self.innermost(|(start, end)| start <= place && place <= end)
    }

    fn innermost(&self, holds: impl Fn((Place, Place)) -> bool) -> &str {
        self.spans
            .iter()
            .filter(|(_, span)| holds(**span))
            .max_by_key(|(path, (start, _))| (*start, path.len()))
            .map_or("", |(path, _)| path)
    }
}

/// A line and a column, both counted from 1.
type Place = (usize, usize);

/// A walk through a RON text.
struct Scan<'a> {
    rest: &'a str,
    line: usize,
    column: usize,
    found: FieldLines,
}

impl<'a> Scan<'a> {
    /// Deeper than RON itself goes, so that hostile nesting cannot exhaust the stack.
    const DEPTH_MAX: usize = 150;

    fn bump(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    fn bump_bytes(&mut self, bytes: usize) -> &'a str {
        let (taken, _) = self.rest.split_at(bytes);
        let end = self.rest.len() - bytes;
        while end < self.rest.len() {
            self.bump();
        }
        taken
    }

    /// Skips white space, comments and attributes.
    fn skip_blank(&mut self) {
        loop {
            if self.rest.starts_with("//") {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.bump_bytes(end);
            } else if self.rest.starts_with("/*") {
                let mut depth = 0;
                loop {
                    if self.rest.starts_with("/*") {
                        depth += 1;
                        self.bump_bytes(2);
                    } else if self.rest.starts_with("*/") {
                        depth -= 1;
                        self.bump_bytes(2);
                        if depth == 0 {
                            break;
                        }
                    } else if self.bump().is_none() {
                        return;
                    }
                }
            } else if self.rest.starts_with("#!") {
                let end = self.rest.find(']').map_or(self.rest.len(), |end| end + 1);
                self.bump_bytes(end);
            } else if self.rest.starts_with(char::is_whitespace) {
                self.bump();
            } else {
                return;
            }
        }
    }

    /// A bare word: identifier, number or enum variant.
    fn word(&mut self) -> &'a str {
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '+' | '-' | '.')))
            .unwrap_or(self.rest.len());
        self.bump_bytes(end)
    }

    /// A quoted string or character, with its content; `None` if none begins here.
    fn quoted(&mut self) -> Option<&'a str> {
        let prefix = self.rest.strip_prefix('b').unwrap_or(self.rest);
        if let Some(raw) = prefix.strip_prefix('r') {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            let content = raw[hashes..].strip_prefix('"')?;
            let close = format!("\"{}", "#".repeat(hashes));
            let length = content.find(&close).unwrap_or(content.len());
            let before = self.rest.len() - content.len();
            self.bump_bytes((before + length + close.len()).min(self.rest.len()));
            return Some(&content[..length]);
        }
        let quote = prefix.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let content = &prefix[1..];
        self.bump_bytes(self.rest.len() - content.len());
        let mut length = 0;
        while let Some(c) = self.bump() {
            if c == quote {
                break;
            }
            length += c.len_utf8();
            if c == '\\'
                && let Some(escaped) = self.bump()
            {
                length += escaped.len_utf8();
            }
        }
        Some(&content[..length])
    }

    /// Notes that a field or element began at `start`; its value is walked over next.
    fn note(&mut self, path: &str, start: Place) {
        if self.found.spans.contains_key(path) {
            self.found.repeated.push((path.to_owned(), start.0));
        } else {
            // Until its end is known it ends with the text.
            let span = (start, (usize::MAX, 0));
            self.found.spans.insert(path.to_owned(), span);
        }
    }

    /// Walks over the value of a field or element.
    fn item(&mut self, path: &str, start: Place, depth: usize) {
        self.note(path, start);
        self.value(path, depth + 1);
        let end = (self.line, self.column);
        if let Some(span) = self.found.spans.get_mut(path)
            && span.0 == start
        {
            span.1 = end;
        }
    }

    /// Walks over one value and notes what it holds under `path`.
    fn value(&mut self, path: &str, depth: usize) {
        if Self::DEPTH_MAX < depth {
            self.rest = "";
            return;
        }
        if self.quoted().is_none() {
            self.word();
            self.skip_blank();
            match self.rest.chars().next() {
                Some('(') => self.items(path, ')', depth),
                Some('[') => self.items(path, ']', depth),
                Some('{') => self.items(path, '}', depth),
                _ => {}
            }
        }
    }

    /// Walks over the items between brackets, up to and with `close`.
    fn items(&mut self, path: &str, close: char, depth: usize) {
        self.bump();
        let mut index = 0;
        let mut named = None;
        loop {
            self.skip_blank();
            let Some(c) = self.rest.chars().next() else {
                return;
            };
            if matches!(c, ')' | ']' | '}') {
                self.bump();
                return;
            }
            if c == ',' || c == ':' {
                self.bump();
                continue;
            }
            let start = (self.line, self.column);
            let before = self.rest.len();
            match close {
                ')' => {
                    // A field has a name and a colon; anything else is an element of a tuple.
                    let mut ahead = Scan {
                        rest: self.rest,
                        line: self.line,
                        column: self.column,
                        found: FieldLines::default(),
                    };
                    let name = ahead.word();
                    ahead.skip_blank();
                    if !name.is_empty() && ahead.rest.starts_with(':') {
                        self.rest = &ahead.rest[1..];
                        (self.line, self.column) = (ahead.line, ahead.column + 1);
                        self.skip_blank();
                        let path = if path.is_empty() {
                            name.to_owned()
                        } else {
                            format!("{path}.{name}")
                        };
                        self.item(&path, start, depth);
                        named = Some(path);
                    } else if let Some(path) = &named {
                        // Among named fields, this can only be more of the last one, by mistake.
                        self.value(path, depth + 1);
                    } else {
                        self.item(&format!("{path}[{index}]"), start, depth);
                    }
                }
                ']' => self.item(&format!("{path}[{index}]"), start, depth),
                _ => {
                    let key = match self.quoted() {
                        Some(key) => format!("{key:?}"),
                        None => self.word().to_owned(),
                    };
                    let path = format!("{path}[{key}]");
                    self.skip_blank();
                    if self.rest.starts_with(':') {
                        self.bump();
                        self.skip_blank();
                        self.item(&path, start, depth);
                    }
                }
            }
            if self.rest.len() == before {
                // Nothing that RON knows begins here.
                self.bump();
            }
            index += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_comments_strings_and_nesting() {
        let text = "#![enable(implicit_some)]\n// robots: [\n(\n  a: 1, /* b: ( /* c */ */ b: [\n    (c: \"x: (\\\" \", d: 'y'),\n    (c: r#\"]\"\"#,\n     d: Some(3)),\n  ],\n  m: {\n    \"k, :\": Deep(u: (1.0,\n      -2.0)),\n  },\n)";
        let lines = FieldLines::of(text);
        for (field, line) in [
            ("a", 4),
            ("b", 4),
            ("b[0].d", 5),
            ("b[1].c", 6),
            ("b[1].d", 7),
            ("m[\"k, :\"].u", 10),
            ("m[\"k, :\"].u[1]", 11),
            ("m[\"k, :\"].v", 10),
        ] {
            assert_eq!(lines.line_of(field), line, "{field}: {lines:#?}");
        }
    }
}
