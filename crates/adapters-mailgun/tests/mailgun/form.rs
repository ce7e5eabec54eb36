//! Reads a multipart form back, apart from the library that wrote it.

use crate::fake::Request;

/// The fields of a request, in order: name and content.
pub(crate) fn fields(request: &Request) -> Vec<(String, Vec<u8>)> {
    let body = request.body.as_ref().unwrap();
    let (_, boundary) = request.head.split_once("multipart/form-data; boundary=").unwrap();
    let delimiter = format!("\r\n--{}", boundary.lines().next().unwrap());
    let whole = [b"\r\n", body.as_slice()].concat();
    let mut parts = split(&whole, delimiter.as_bytes());
    assert_eq!(parts.pop(), Some(&b"--\r\n"[..]), "the form ends");
    assert_eq!(parts.remove(0), b"", "the form begins with its first part");
    parts.into_iter().map(field).collect()
}

/// The content of the only field of that name.
pub(crate) fn field_of(request: &Request, name: &str) -> Vec<u8> {
    let mut found: Vec<_> = fields(request).into_iter().filter(|(field, _)| field == name).collect();
    assert_eq!(found.len(), 1, "{name}");
    found.remove(0).1
}

fn field(part: &[u8]) -> (String, Vec<u8>) {
    let end = find(part, b"\r\n\r\n").unwrap();
    let head = String::from_utf8(part[..end].to_vec()).unwrap();
    let (_, name) = head.split_once(" name=\"").unwrap();
    (name.split('"').next().unwrap().to_owned(), part[end + 4..].to_vec())
}

fn split<'a>(mut whole: &'a [u8], delimiter: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while let Some(at) = find(whole, delimiter) {
        pieces.push(&whole[..at]);
        whole = &whole[at + delimiter.len()..];
    }
    pieces.push(whole);
    pieces
}

fn find(whole: &[u8], piece: &[u8]) -> Option<usize> {
    // By the first byte: some bodies here are twenty megabytes of something else.
    let mut from = 0;
    while let Some(step) = whole[from..].iter().position(|byte| *byte == piece[0]) {
        if whole[from + step..].starts_with(piece) {
            return Some(from + step);
        }
        from += step + 1;
    }
    None
}
