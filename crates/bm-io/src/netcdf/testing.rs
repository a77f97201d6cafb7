//! Small NetCDF files made in memory, for tests.

/// Name, dimensions, attributes, values.
type TestVar = (String, Vec<usize>, Vec<(String, TestAttr)>, TestData);

/// A dimension list, attributes and variables to be laid out as CDF-1, CDF-2 or CDF-5.
pub(crate) struct NcBuilder {
    version: u8,
    dims: Vec<(String, u64)>,
    vars: Vec<TestVar>,
    pub(crate) records: Option<u64>,
}

#[derive(Clone)]
pub(crate) enum TestAttr {
    Text(&'static str),
    F32(f32),
    F64(f64),
    I16(i16),
}

#[derive(Clone)]
pub(crate) enum TestData {
    I16(Vec<i16>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    U16(Vec<u16>),
}

impl NcBuilder {
    pub(crate) fn new(version: u8) -> Self {
        Self { version, dims: Vec::new(), vars: Vec::new(), records: None }
    }

    pub(crate) fn dim(mut self, name: &str, len: usize) -> Self {
        self.dims.push((name.into(), len as u64));
        self
    }

    pub(crate) fn var(
        mut self,
        name: &str,
        dims: &[usize],
        attrs: &[(&str, TestAttr)],
        data: TestData,
    ) -> Self {
        let attrs = attrs.iter().map(|(n, a)| ((*n).to_owned(), a.clone())).collect();
        self.vars.push((name.into(), dims.to_vec(), attrs, data));
        self
    }

    /// A `height(lat, lon)` file with the given axes, in the usual dress.
    pub(crate) fn relief(lon: &[f64], lat: &[f64], data: TestData) -> Self {
        Self::new(1)
            .dim("lat", lat.len())
            .dim("lon", lon.len())
            .var("lon", &[1], &[("units", TestAttr::Text("degrees_east"))], TestData::F64(lon.to_vec()))
            .var("lat", &[0], &[("units", TestAttr::Text("degrees_north"))], TestData::F64(lat.to_vec()))
            .var("height", &[0, 1], &[("units", TestAttr::Text("m"))], data)
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        // Offsets depend on the header's length, which does not depend on the offsets' values.
        let head = self.header(&vec![0; self.vars.len()]).len() as u64;
        let mut at = head;
        let mut offsets = Vec::new();
        for v in &self.vars {
            offsets.push(at);
            at += encode(&v.3).len().next_multiple_of(4) as u64;
        }
        let mut out = self.header(&offsets);
        for v in &self.vars {
            out.extend(encode(&v.3));
            out.resize(out.len().next_multiple_of(4), 0);
        }
        out
    }

    fn count(&self, out: &mut Vec<u8>, n: u64) {
        if self.version == 5 {
            out.extend(n.to_be_bytes());
        } else {
            out.extend((n as u32).to_be_bytes());
        }
    }

    fn text(&self, out: &mut Vec<u8>, s: &str) {
        self.count(out, s.len() as u64);
        out.extend(s.as_bytes());
        out.resize(out.len().next_multiple_of(4), 0);
    }

    fn header(&self, offsets: &[u64]) -> Vec<u8> {
        let mut o = vec![b'C', b'D', b'F', self.version];
        self.count(&mut o, self.records.unwrap_or(0));
        o.extend(10_u32.to_be_bytes());
        self.count(&mut o, self.dims.len() as u64);
        for (n, len) in &self.dims {
            self.text(&mut o, n);
            self.count(&mut o, *len);
        }
        o.extend(0_u32.to_be_bytes());
        self.count(&mut o, 0);
        o.extend(11_u32.to_be_bytes());
        self.count(&mut o, self.vars.len() as u64);
        for ((name, dims, attrs, data), at) in self.vars.iter().zip(offsets) {
            self.text(&mut o, name);
            self.count(&mut o, dims.len() as u64);
            for d in dims {
                self.count(&mut o, *d as u64);
            }
            o.extend((if attrs.is_empty() { 0_u32 } else { 12 }).to_be_bytes());
            self.count(&mut o, attrs.len() as u64);
            for (n, a) in attrs {
                self.text(&mut o, n);
                let (code, bytes): (u32, Vec<u8>) = match a {
                    TestAttr::Text(t) => (2, t.as_bytes().to_vec()),
                    TestAttr::I16(v) => (3, v.to_be_bytes().to_vec()),
                    TestAttr::F32(v) => (5, v.to_be_bytes().to_vec()),
                    TestAttr::F64(v) => (6, v.to_be_bytes().to_vec()),
                };
                o.extend(code.to_be_bytes());
                self.count(&mut o, if code == 2 { bytes.len() as u64 } else { 1 });
                o.extend(&bytes);
                o.resize(o.len().next_multiple_of(4), 0);
            }
            let code: u32 = match data {
                TestData::I16(_) => 3,
                TestData::I32(_) => 4,
                TestData::F32(_) => 5,
                TestData::F64(_) => 6,
                TestData::U16(_) => 8,
            };
            o.extend(code.to_be_bytes());
            self.count(&mut o, encode(data).len().next_multiple_of(4) as u64);
            if self.version == 1 {
                o.extend((*at as u32).to_be_bytes());
            } else {
                o.extend(at.to_be_bytes());
            }
        }
        o
    }
}

fn encode(d: &TestData) -> Vec<u8> {
    match d {
        TestData::I16(v) => v.iter().flat_map(|x| x.to_be_bytes()).collect(),
        TestData::I32(v) => v.iter().flat_map(|x| x.to_be_bytes()).collect(),
        TestData::F32(v) => v.iter().flat_map(|x| x.to_be_bytes()).collect(),
        TestData::F64(v) => v.iter().flat_map(|x| x.to_be_bytes()).collect(),
        TestData::U16(v) => v.iter().flat_map(|x| x.to_be_bytes()).collect(),
    }
}
