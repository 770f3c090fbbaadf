package table

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/bloom/xxhash"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const (
	magic = "PAR1"

	// bloomBits is the smallest number of bits of a Bloom filter for each distinct value. The
	// sizes of filters are powers of two, as some readers demand, so there may be up to twice as
	// many bits. With so many bits, a search reads at most one in a hundred row groups in vain.
	bloomBits = 10

	// maxBound is the largest length of a bound in the column index. maxStat is the largest length
	// of a bound in the statistics of a row group. Bounds in the statistics are never cut, because
	// some engines use them to answer min() and max(). Bounds that are too long are left out.
	maxBound = 64
	maxStat  = 256
)

// file is a Parquet file in memory. The Bloom filters, the column indexes, the offset indexes and
// the footer follow after all row groups, so that a reader gets all of them with one read.
type file struct {
	out    []byte
	groups []format.RowGroup
	chunks []*chunk // the columns of all row groups, in order

	zstd  *zstd.Encoder
	page  []byte
	ends  []int
	delta delta.BinaryPackedEncoding
}

func (f *file) reset() {
	if f.zstd == nil {
		// The options are valid, so there is no error. The zstd frame has no CRC, because the page
		// has one.
		f.zstd, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithAllLitEntropyCompression(true), zstd.WithWindowSize(1<<20))
	}
	f.out = append(f.out[:0], magic...)
	f.groups, f.chunks = f.groups[:0], f.chunks[:0]
}

// add writes a row group.
func (f *file) add(g *group) {
	f.ends = g.pages(f.ends)
	rg := format.RowGroup{
		NumRows:    int64(g.rows()),
		FileOffset: int64(len(f.out)),
		Ordinal:    int16(len(f.groups)),
		SortingColumns: []format.SortingColumn{
			{ColumnIdx: TraceID}, {ColumnIdx: Timestamp},
		},
	}
	rg.Columns = append(rg.Columns,
		f.addTimes(g),
		f.addColumn(g, TraceID, &g.trace, nil),
		f.addColumn(g, App, &g.app, nil),
		f.addColumn(g, Message, &g.message, nil),
		f.addColumn(g, ContextKey, &g.key, g.pairs),
		f.addColumn(g, ContextValue, &g.value, g.pairs),
		f.addColumn(g, TraceNames, &g.name, g.names),
	)
	for _, column := range rg.Columns {
		rg.TotalByteSize += column.MetaData.TotalUncompressedSize
		rg.TotalCompressedSize += column.MetaData.TotalCompressedSize
	}
	f.groups = append(f.groups, rg)
}

// addTimes writes the column of timestamps.
func (f *file) addTimes(g *group) format.ColumnChunk {
	c := &chunk{}
	meta := f.begin(c, Timestamp)
	meta.Encoding = []format.Encoding{format.RLE, format.DeltaBinaryPacked}
	var least, greatest []byte
	row := 0
	for _, end := range f.ends {
		times := g.time[row:end]
		f.page, _ = f.delta.EncodeInt64(f.page[:0], times) // EncodeInt64 returns no errors
		f.addPage(c, &meta, row, len(times), 0, format.DeltaBinaryPacked)
		low := binary.LittleEndian.AppendUint64(nil, uint64(slices.Min(times)))
		high := binary.LittleEndian.AppendUint64(nil, uint64(slices.Max(times)))
		c.bounds(low, high, 0)
		row = end
	}
	least = binary.LittleEndian.AppendUint64(nil, uint64(slices.Min(g.time)))
	greatest = binary.LittleEndian.AppendUint64(nil, uint64(slices.Max(g.time)))
	meta.Statistics = format.Statistics{MinValue: least, MaxValue: greatest}
	return f.end(c, meta)
}

// addColumn writes a column of strings. For a column of lists, ends contains the index after the
// last value of each row. If ends is nil, each row has one value.
func (f *file) addColumn(g *group, number int, col *column, ends []uint32) format.ColumnChunk {
	c := &chunk{}
	meta := f.begin(c, number)
	meta.Encoding = []format.Encoding{format.Plain, format.RLE, format.RLEDictionary}
	meta.DictionaryPageOffset = int64(len(f.out))
	f.page = append(f.page[:0], col.plain...)
	f.writePage(&meta, format.PageHeader{
		Type:                 format.DictionaryPage,
		DictionaryPageHeader: null(format.DictionaryPageHeader{NumValues: int32(len(col.at)), Encoding: format.Plain}),
	})
	meta.DataPageOffset = int64(len(f.out))
	width, row, begin := widthOf(len(col.at)), 0, uint32(0)
	var stat stat
	for i, last := range f.ends {
		f.page = f.page[:0]
		end, levels, empty := uint32(last), last-row, 0
		if ends != nil {
			end = ends[last-1]
			f.page, levels = appendLevels(f.page, begin, ends[row:last])
			empty = levels - int(end-begin)
		}
		indexes := col.indexes[begin:end]
		f.page = appendIndexes(f.page, indexes, width)
		f.addPage(c, &meta, row, levels, empty, format.RLEDictionary)
		least, greatest := col.bounds(indexes, i)
		stat.add(least, greatest, len(indexes) > 0)
		if len(indexes) == 0 {
			c.column.NullPages = append(c.column.NullPages, true)
			c.addBounds(nil, nil, empty)
		} else {
			c.bounds(cutLeast(least), cutGreatest(greatest), empty)
		}
		row, begin = last, end
	}
	meta.Statistics = stat.statistics(c.column.NullCounts)
	if number == TraceID {
		c.column.BoundaryOrder = format.Ascending
	}
	if number == TraceID || number == ContextValue {
		c.bloom = bloomOf(col.dictionary)
	}
	return f.end(c, meta)
}

// begin adds c to f.chunks, and returns the column's metadata, which the caller completes.
func (f *file) begin(c *chunk, number int) format.ColumnMetaData {
	column := schema()[number]
	f.chunks = append(f.chunks, c)
	return format.ColumnMetaData{
		Type:           column.kind,
		PathInSchema:   column.path,
		Codec:          format.Zstd,
		DataPageOffset: int64(len(f.out)),
	}
}

func (f *file) end(c *chunk, meta format.ColumnMetaData) format.ColumnChunk {
	return format.ColumnChunk{MetaData: meta}
}

// addPage writes f.page. The first row of the page is row. The argument levels is the number of
// levels in the page, and empty is the number of empty lists.
func (f *file) addPage(c *chunk, meta *format.ColumnMetaData, row, levels, empty int, encoding format.Encoding) {
	at := len(f.out)
	f.writePage(meta, format.PageHeader{
		Type: format.DataPage,
		DataPageHeader: null(format.DataPageHeader{
			NumValues:               int32(levels),
			Encoding:                encoding,
			DefinitionLevelEncoding: format.RLE,
			RepetitionLevelEncoding: format.RLE,
			Statistics:              format.Statistics{NullCount: int64(empty)},
		}),
	})
	meta.NumValues += int64(levels)
	c.offset.PageLocations = append(c.offset.PageLocations, format.PageLocation{
		Offset:             int64(at),
		CompressedPageSize: int32(len(f.out) - at),
		FirstRowIndex:      int64(row),
	})
}

// writePage compresses f.page and writes it. The header contains the compressed size, so the page
// is compressed first, and room for the header is left before it.
func (f *file) writePage(meta *format.ColumnMetaData, h format.PageHeader) {
	at := len(f.out)
	const room = 128
	f.out = append(f.out, make([]byte, room)...)
	f.out = f.zstd.EncodeAll(f.page, f.out)
	body := f.out[at+room:]
	h.UncompressedPageSize = int32(len(f.page))
	h.CompressedPageSize = int32(len(body))
	h.CRC = int32(crc32.ChecksumIEEE(body))
	head := marshal(&h)
	n := copy(f.out[at:], head)
	f.out = f.out[:at+n+copy(f.out[at+n:], body)]
	meta.TotalUncompressedSize += int64(n + len(f.page))
	meta.TotalCompressedSize += int64(len(f.out) - at)
}

// finish writes everything after the row groups, and returns the file.
func (f *file) finish(rows int64, meta [][2]string) []byte {
	f.writeBlooms()
	i := 0
	for _, rg := range f.groups {
		for j := range rg.Columns {
			index := marshal(&f.chunks[i].column)
			rg.Columns[j].ColumnIndexOffset = int64(len(f.out))
			rg.Columns[j].ColumnIndexLength = int32(len(index))
			f.out = append(f.out, index...)
			i++
		}
	}
	i = 0
	for _, rg := range f.groups {
		for j := range rg.Columns {
			index := marshal(&f.chunks[i].offset)
			rg.Columns[j].OffsetIndexOffset = int64(len(f.out))
			rg.Columns[j].OffsetIndexLength = int32(len(index))
			f.out = append(f.out, index...)
			i++
		}
	}
	footer := format.FileMetaData{
		Version:   2,
		Schema:    elements(),
		NumRows:   rows,
		RowGroups: f.groups,
		CreatedBy: "clew version " + version(),
	}
	for range schema() {
		footer.ColumnOrders = append(footer.ColumnOrders, format.ColumnOrder{Value: new(format.TypeDefinedOrder)})
	}
	for _, pair := range meta {
		footer.KeyValueMetadata = append(footer.KeyValueMetadata, format.KeyValue{Key: pair[0], Value: pair[1]})
	}
	p := marshal(&footer)
	f.out = append(appendSeal(f.out, p), p...)
	f.out = binary.LittleEndian.AppendUint32(f.out, uint32(len(p)))
	f.out = append(f.out, magic...)
	return f.out
}

func (f *file) writeBlooms() {
	i := 0
	for _, rg := range f.groups {
		for j := range rg.Columns {
			filter := f.chunks[i].bloom
			i++
			if filter == nil {
				continue
			}
			at := len(f.out)
			f.out = append(f.out, marshal(&format.BloomFilterHeader{
				NumBytes:    int32(len(filter) * bloom.BlockSize),
				Algorithm:   format.BloomFilterAlgorithm{Value: new(format.SplitBlockAlgorithm)},
				Hash:        format.BloomFilterHash{Value: new(format.XxHash)},
				Compression: format.BloomFilterCompression{Value: new(format.BloomFilterUncompressed)},
			})...)
			f.out = append(f.out, filter.Bytes()...)
			rg.Columns[j].MetaData.BloomFilterOffset = int64(at)
			rg.Columns[j].MetaData.BloomFilterLength = int32(len(f.out) - at)
		}
	}
}

// bloomOf returns a filter of the strings in d.
func bloomOf(d *dictionary) bloom.SplitBlockFilter {
	blocks := max(1, (len(d.at)*bloomBits+8*bloom.BlockSize-1)/(8*bloom.BlockSize))
	filter := make(bloom.SplitBlockFilter, 1<<bits.Len(uint(blocks-1)))
	for n := range d.at {
		filter.Insert(xxhash.Sum64(d.get(uint32(n))))
	}
	return filter
}

// marshal returns v in Thrift's compact form. Writing to memory causes no errors.
func marshal(v any) []byte {
	p, _ := thrift.Marshal(new(thrift.CompactProtocol), v)
	return p
}

func null[T any](v T) thrift.Null[T] { return thrift.Null[T]{V: v, Valid: true} }
