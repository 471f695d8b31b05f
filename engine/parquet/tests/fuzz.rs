//! The fuzz target over seeds, changed seeds and random bytes: what a fuzzer does, for a moment.

#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fuzzed;
#[path = "../../query/tests/fuzzed/runner.rs"]
mod runner;

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use sop_parquet::{KnownColumns, ParquetError, export_lines};

#[test]
fn every_target_takes_any_bytes() {
    let pieces: [&[u8]; 14] = [
        b"\0",
        b"\x01",
        b"\x7f",
        b"\x80",
        b"\xff",
        b"PAR1",
        b"\x15\x02",
        b"\x19\x1c",
        b"\xff\xff\xff\x7f",
        b"\xff\xff\xff\xff\x0f",
        b"{\"a\":",
        b"\x15\x00\x15",
        b"\x2c",
        b"\x18",
    ];
    runner::run(&fuzzed::TARGETS, &pieces);
}

/// Each seed is a file that is read to its end.
#[test]
fn what_the_writers_make_is_read_to_its_end() {
    for (name, bytes) in made() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let mut rows = sop_parquet::ParquetRows::open(file, 1 << 20).unwrap();
        let mut count = 0;
        use sop_query::transfer::RowReader as _;
        while rows
            .next_row()
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .is_some()
        {
            count += 1;
        }
        assert_eq!(count > 0, name != "empty", "{name}");
    }
}

/// Writes the seeds anew: `cargo test -p sop-parquet --test fuzz -- --ignored`.
#[test]
#[ignore = "writes into the folder of the sources"]
fn make_the_seeds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/parquet");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in made() {
        let path = folder.join(format!("writer-{name}"));
        // The longest row that is let through.
        std::fs::write(path, [b"\xff".to_vec(), bytes].concat()).unwrap();
    }
}

/// Small files of the writer here, and of one that uses what this one does not.
fn made() -> Vec<(&'static str, Vec<u8>)> {
    let lines = [
        ("numbers", "{\"a\":1}\n{\"a\":-5,\"b\":0.5}\n{}\n"),
        (
            "texts",
            "{\"t\":\"x\"}\n{\"t\":\"Köln\"}\n{\"u\":\"\"}\n{\"t\":\"x\"}\n",
        ),
        (
            "json",
            "{\"j\":[1,{\"k\":null}]}\n{\"j\":{\"$bytes\":\"AP8=\"}}\n{\"j\":1}\n",
        ),
        (
            "bools",
            "{\"o\":true}\n{\"o\":false}\n{\"o\":null}\n{\"o\":true}\n",
        ),
    ];
    let mut files: Vec<_> = lines
        .map(|(name, lines)| (name, by_the_writer_here(lines)))
        .into();
    files.push(("lists", lists()));
    files.push(("logical", logical()));
    files
}

fn by_the_writer_here(lines: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let write = &mut |to: &mut dyn std::io::Write| {
        to.write_all(lines.as_bytes()).unwrap();
        Ok::<_, ParquetError>(())
    };
    export_lines(&mut out, KnownColumns::default(), write).unwrap();
    out
}

fn small() -> parquet::file::properties::WriterPropertiesBuilder {
    WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None)
}

/// A list and a map, with repetition levels.
fn lists() -> Vec<u8> {
    let schema = "message m { optional group tags (LIST) { repeated group list { optional binary element (UTF8); } }
        optional group map (MAP) { repeated group key_value { required binary key (UTF8); optional int32 value; } } }";
    let mut out = Vec::new();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut file = SerializedFileWriter::new(&mut out, schema, Arc::new(small().build())).unwrap();
    let mut group = file.next_row_group().unwrap();
    let texts = |list: [&str; 2]| list.map(ByteArray::from).to_vec();
    let mut column = group.next_column().unwrap().unwrap();
    let (defined, repeated) = (Some(&[3_i16, 3, 1, 0][..]), Some(&[0_i16, 1, 0, 0][..]));
    let typed = column.typed::<ByteArrayType>();
    typed
        .write_batch(&texts(["a", "b"]), defined, repeated)
        .unwrap();
    column.close().unwrap();
    let (defined, repeated) = (Some(&[2_i16, 2, 1, 0][..]), Some(&[0_i16, 1, 0, 0][..]));
    let mut column = group.next_column().unwrap().unwrap();
    let typed = column.typed::<ByteArrayType>();
    typed
        .write_batch(&texts(["k", "l"]), defined, repeated)
        .unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let defined = Some(&[3_i16, 2, 1, 0][..]);
    column
        .typed::<Int32Type>()
        .write_batch(&[7], defined, repeated)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    file.close().unwrap();
    out
}

/// Dates, instants, decimals and bytes of a fixed length, in pages of the second form.
fn logical() -> Vec<u8> {
    let schema =
        "message m { required int32 day (DATE); required int64 at (TIMESTAMP(MICROS,true));
        required int32 price (DECIMAL(9,2)); required fixed_len_byte_array(4) raw; }";
    let mut out = Vec::new();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = small()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .build();
    let mut file = SerializedFileWriter::new(&mut out, schema, Arc::new(properties)).unwrap();
    let mut group = file.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<Int32Type>()
        .write_batch(&[1, 20_000], None, None)
        .unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<Int64Type>()
        .write_batch(&[0, 1_700_000_000_000_000], None, None)
        .unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<Int32Type>()
        .write_batch(&[1050, -3], None, None)
        .unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let raw = ["abcd", "\0\u{1}zz"].map(|text| ByteArray::from(text).into());
    column
        .typed::<FixedLenByteArrayType>()
        .write_batch(&raw, None, None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    file.close().unwrap();
    out
}
