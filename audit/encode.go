package audit

import (
	"context"
	"encoding"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"example.com/clew/audit/internal/segment"
	"example.com/clew/trace"
)

// encoder holds one record while it is made.
//
// Records are made outside of the shards' locks, because a LogValuer, a Stringer or an error may
// do anything, even log to the same Logger.
type encoder struct {
	b     []byte
	max   int
	big   bool   // the record would be longer than max, and b must not be used
	shard uint32 // the shard of the previous record
}

// encoders usually holds one encoder for each processor.
var encoders = sync.Pool{New: func() any { return &encoder{b: make([]byte, 0, 1<<10), shard: rand.Uint32()} }}

// emptyKey is written for an attribute whose key is empty.
const emptyKey = "!EMPTYKEY"

// encode makes the record of an event that happens now.
func (e *encoder) encode(ctx context.Context, max int, message string, attrs []slog.Attr) {
	var id [16]byte
	message = e.begin(max, message)
	if e.big {
		return
	}
	e.b = segment.Begin(e.b, time.Now().UnixMicro(), traceID(ctx, &id), "", message)
	for i := range attrs {
		e.attr("", &attrs[i])
	}
	e.end()
}

// begin prepares e for a record with this message, and returns the message in UTF-8.
func (e *encoder) begin(max int, message string) string {
	e.b, e.max = e.b[:0], max
	e.big = len(message) > max
	if e.big || utf8.ValidString(message) {
		return message
	}
	return valid(message)
}

func (e *encoder) end() {
	e.big = e.big || len(e.b) > e.max
	if !e.big {
		segment.End(e.b, 0)
	}
}

// traceID writes the trace ID of ctx into id, or else the trace ID of this goroutine. It returns
// the bytes of the ID that the journal stores: none, 8 or 16.
func traceID(ctx context.Context, id *[16]byte) []byte {
	b3, ok := trace.FromContext(ctx)
	if !ok {
		if b3, ok = trace.FromContext(trace.Implicit(ctx)); !ok {
			return nil
		}
	}
	*id = b3.TraceID
	if [8]byte(id[:8]) != [8]byte{} {
		return id[:]
	}
	var text [32]byte
	if len(b3.AppendTraceID(text[:0])) == len(text) {
		return id[:]
	}
	return id[8:]
}

func (e *encoder) attr(prefix string, a *slog.Attr) {
	if a.Value.Kind() != slog.KindString || prefix != "" || a.Key == "" {
		e.any(prefix, *a)
		return
	}
	e.pair(a.Key, a.Value.String())
}

// any adds an attribute of any kind. Its value is written as slog.TextHandler writes it, without
// quotes.
func (e *encoder) any(prefix string, a slog.Attr) {
	if e.big {
		return
	}
	if a.Key == "" && a.Equal(slog.Attr{}) {
		return
	}
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		e.group(prefix, a.Key, v.Group())
		return
	}
	key := a.Key
	if key == "" {
		key = emptyKey
	}
	if prefix != "" {
		key = prefix + key
	}
	e.value(key, v)
}

func (e *encoder) group(prefix, key string, attrs []slog.Attr) {
	if key != "" {
		prefix += key + "."
	}
	for i := range attrs {
		e.attr(prefix, &attrs[i])
	}
}

func (e *encoder) value(key string, v slog.Value) {
	var buf [40]byte
	switch v.Kind() {
	case slog.KindString:
		e.pair(key, v.String())
	case slog.KindInt64:
		e.pair(key, string(strconv.AppendInt(buf[:0], v.Int64(), 10)))
	case slog.KindUint64:
		e.pair(key, string(strconv.AppendUint(buf[:0], v.Uint64(), 10)))
	case slog.KindFloat64:
		e.pair(key, string(strconv.AppendFloat(buf[:0], v.Float64(), 'g', -1, 64)))
	case slog.KindBool:
		e.pair(key, strconv.FormatBool(v.Bool()))
	case slog.KindDuration:
		e.pair(key, v.Duration().String())
	case slog.KindTime:
		e.pair(key, string(v.Time().UTC().AppendFormat(buf[:0], time.RFC3339Nano)))
	default:
		e.pair(key, text(v.Any()))
	}
}

// text returns v as slog.TextHandler writes it. If a method of v panics, the panic becomes the
// text.
func text(v any) (s string) {
	defer func() {
		if r := recover(); r != nil {
			if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && p.IsNil() {
				s = "<nil>"
				return
			}
			s = fmt.Sprintf("!PANIC: %v", r)
		}
	}()
	switch v := v.(type) {
	case encoding.TextMarshaler:
		b, err := v.MarshalText()
		if err != nil {
			return "!ERROR: " + err.Error()
		}
		return string(b)
	case []byte:
		return string(v)
	case error:
		return v.Error()
	}
	return fmt.Sprintf("%+v", v)
}

// pair adds key and value if they fit into the record, and otherwise sets e.big. A value that is
// too long is not copied.
func (e *encoder) pair(key, value string) {
	if e.big || len(e.b)+len(key)+len(value) > e.max {
		e.big = true
		return
	}
	start := len(e.b)
	e.b = segment.AppendPair(e.b, key, value)
	if isASCII(e.b[start:]) {
		return
	}
	// A string of 128 bytes or more takes this slow check too, because its encoded length is not
	// ASCII.
	if !utf8.ValidString(key) || !utf8.ValidString(value) {
		e.b = segment.AppendPair(e.b[:start], valid(key), valid(value))
	}
}

// isASCII reports whether b has only ASCII bytes. It reads eight bytes at a time: first the last
// eight bytes of b, and then b from its beginning. A call of utf8.ValidString for each string
// would cost more than all else that Log does.
func isASCII(b []byte) bool {
	const high = 0x8080808080808080
	if len(b) < 8 {
		var all byte
		for _, c := range b {
			all |= c
		}
		return all < utf8.RuneSelf
	}
	all := binary.LittleEndian.Uint64(b[len(b)-8:])
	for ; len(b) >= 8; b = b[8:] {
		all |= binary.LittleEndian.Uint64(b)
	}
	return all&high == 0
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
