//! Does every page hold what the page above it says?

use crate::error::TreeError;
use crate::tree::{Tree, read_body};
use bm_codec::body::{Base, Body};
use bm_codec::exceptions::Exceptions;
use bm_core::PageId;
use std::collections::{BTreeMap, HashSet};

/// Something that is wrong with a tree.
#[derive(Debug)]
pub struct Problem {
    /// Where.
    pub page: PageId,
    /// What.
    pub error: TreeError,
}

/// What a validation went through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Pages read, good and bad.
    pub pages: u64,
    /// Good pages by kind of base.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Good pages with exceptions, by form.
    pub exceptions: BTreeMap<&'static str, u64>,
    /// Problems found.
    pub problems: u64,
    /// Every page that some directory lists.
    pub reachable: HashSet<PageId>,
}

impl Tree {
    /// Reads every page from the root down and checks it against its directory entry, its own format, and
    /// the pages it refers to. `progress` is told the pages read so far and known so far.
    pub fn validate(
        &self,
        on_problem: &mut dyn FnMut(Problem),
        progress: &mut dyn FnMut(u64, u64),
    ) -> Report {
        let mut report = Report::default();
        let mut queue = vec![(PageId::ROOT, self.root_crc())];
        report.reachable.insert(PageId::ROOT);
        while let Some((page, crc)) = queue.pop() {
            report.pages += 1;
            match self.check(page, crc) {
                Err(error) => {
                    report.problems += 1;
                    on_problem(Problem { page, error });
                }
                Ok(body) => {
                    *report.kinds.entry(body.base.kind()).or_default() += 1;
                    if !body.exceptions.is_empty() {
                        *report.exceptions.entry(exceptions_name(&body)).or_default() += 1;
                    }
                    for c in body.children {
                        if let Some(child) = page.child(c.sub) {
                            report.reachable.insert(child);
                            queue.push((child, c.crc));
                        }
                    }
                }
            }
            progress(report.pages, report.pages + queue.len() as u64);
        }
        report
    }

    fn check(&self, page: PageId, crc: u32) -> Result<Body, TreeError> {
        let body = read_body(self.source(), page, crc)?;
        if page.level() == 21 && !body.children.is_empty() {
            let detail = "lists pages below the finest tier".into();
            return Err(TreeError::Structure { page, detail });
        }
        match &body.base {
            // Loading the page resolves what it shares.
            Base::Shared(_) => {
                let root = self.hold();
                self.walk(&root, page)?;
            }
            Base::Procedural(g) => {
                let made = self.context().generators.instantiate(g);
                made.map_err(|source| TreeError::Decode { page, source })?;
            }
            _ => {}
        }
        Ok(body)
    }
}

fn exceptions_name(body: &Body) -> &'static str {
    match body.exceptions {
        Exceptions::None => "none",
        Exceptions::Runs(_) => "runs",
        Exceptions::Palette(_) => "palette",
    }
}
