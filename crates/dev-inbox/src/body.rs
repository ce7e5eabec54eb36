//! The content of a letter on its way in: dot-unstuffing, and the one sequence
//! that ends it (RFC 5321 §4.5.2).

/// 998 octets of text and the line end (RFC 5321 §4.5.3.1.6).
const LINE_LIMIT: usize = 1000;

/// Reads a body octet by octet. Only CRLF `.` CRLF ends it: a dot between bare
/// line feeds is content, or one letter could smuggle in a second one.
#[derive(Debug)]
pub(crate) struct Body {
    bytes: Vec<u8>,
    place: Place,
    line: usize,
    limit: usize,
    fault: Option<BodyFault>,
}

/// Why a body that was read to its end cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFault {
    TooLarge,
    LineTooLong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    LineStart,
    Text,
    Cr,
    Dot,
    DotCr,
    End,
}

impl Body {
    /// A body of at most `limit` octets; the rest of a longer one is read and
    /// thrown away.
    pub(crate) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), place: Place::LineStart, line: 0, limit, fault: None }
    }

    /// Takes in what it can. Returns the number of octets used up by the body
    /// once its end was among them, and `None` while it goes on.
    pub(crate) fn push(&mut self, input: &[u8]) -> Option<usize> {
        for (index, octet) in input.iter().enumerate() {
            self.step(*octet);
            if self.place == Place::End {
                return Some(index + 1);
            }
        }
        None
    }

    pub(crate) fn finish(self) -> Result<Vec<u8>, BodyFault> {
        self.fault.map_or(Ok(self.bytes), Err)
    }

    fn step(&mut self, octet: u8) {
        self.place = match (self.place, octet) {
            (Place::LineStart, b'.') => Place::Dot,
            (Place::Dot, b'\r') => Place::DotCr,
            (Place::DotCr, b'\n') => Place::End,
            _ => self.content(octet),
        };
    }

    /// Keeps an octet of content; a dot at the start of its line is gone already.
    fn content(&mut self, octet: u8) -> Place {
        // A dot and CR without LF end nothing: the CR was content after all.
        if self.place == Place::DotCr {
            self.keep(b'\r');
        }
        self.keep(octet);
        match (self.place, octet) {
            (Place::Cr, b'\n') => {
                self.line = 0;
                Place::LineStart
            }
            (_, b'\r') => Place::Cr,
            _ => Place::Text,
        }
    }

    fn keep(&mut self, octet: u8) {
        self.line += 1;
        if self.line > LINE_LIMIT {
            self.fault.get_or_insert(BodyFault::LineTooLong);
        }
        if self.bytes.len() >= self.limit {
            self.fault = Some(BodyFault::TooLarge);
        } else {
            self.bytes.push(octet);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, BodyFault};

    type Read = (Result<Vec<u8>, BodyFault>, Vec<u8>);

    /// Feeds the input in pieces of `step` octets; the content, and what is left over.
    fn read(input: &[u8], step: usize) -> Option<Read> {
        let mut body = Body::new(5000);
        let mut used = 0;
        for piece in input.chunks(step) {
            if let Some(taken) = body.push(piece) {
                return Some((body.finish(), input[used + taken..].to_vec()));
            }
            used += piece.len();
        }
        None
    }

    #[test]
    fn dots_are_unstuffed_and_the_end_is_found_however_it_is_cut() {
        let cases: [(&[u8], &[u8], &[u8]); 7] = [
            (b".\r\n", b"", b""),
            (b"a\r\n.\r\nQUIT\r\n", b"a\r\n", b"QUIT\r\n"),
            (b"..\r\n...b\r\n.c\r\n.\r\n", b".\r\n..b\r\nc\r\n", b""),
            (b"a\r\n.\r.\r\n.\r\n", b"a\r\n\r.\r\n", b""),
            (b"a\r\n.\r\r\n.\r\n", b"a\r\n\r\r\n", b""),
            (b"a\r\r\n.\r\n", b"a\r\r\n", b""),
            (b"\r\n\r\n.\r\n", b"\r\n\r\n", b""),
        ];
        for (input, content, rest) in cases {
            for step in 1..=input.len() {
                let read = read(input, step).unwrap();
                assert_eq!(read, (Ok(content.to_vec()), rest.to_vec()), "{input:?} by {step}");
            }
        }
    }

    #[test]
    fn sequences_with_bare_line_ends_do_not_end_the_body() {
        for smuggled in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\n.\r"] {
            let input = format!("a{smuggled}MAIL FROM:<x@example.org>\r\n");
            assert_eq!(read(input.as_bytes(), 3), None, "{smuggled:?}");
        }
    }

    #[test]
    fn long_lines_and_large_bodies_are_read_to_the_end_and_refused() {
        let line = |length: usize| format!("{}\r\n.\r\nX", "a".repeat(length)).into_bytes();
        assert_eq!(read(&line(998), 7).unwrap().0.unwrap().len(), 1000);
        assert_eq!(read(&line(999), 7).unwrap(), (Err(BodyFault::LineTooLong), b"X".to_vec()));
        let large = format!("{}.\r\nX", "abc\r\n".repeat(1001)).into_bytes();
        assert_eq!(read(&large, 7).unwrap(), (Err(BodyFault::TooLarge), b"X".to_vec()));
    }
}
