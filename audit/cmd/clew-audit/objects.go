package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/lake"
	"example.com/clew/internal/when"
)

const (
	// ledgerPart is the directory of a store that contains the ledger: a file for each object that
	// is done. SQL engines skip directories whose names begin with an underscore.
	ledgerPart = "_ingested"

	// readAhead is the number of bytes of an object that are read at once, because each read of a
	// bucket is a request.
	readAhead = 8 << 20
)

// objects makes files in one store from the objects in another one. It reads each object once.
//
// The names of an object's files derive from its identity, so that a second ingest replaces each
// file by the same file. When all files are written, a small file in the ledger marks the object
// as done, and later runs do not read the object again. If ingest is ended before that, the next
// run repeats the work. No event is lost, and no event is stored twice. Two ingests that run at
// the same time repeat each other's work, and do no harm.
type objects struct {
	std    streams
	app    string
	source lake.Store
	target lake.Store
	ledger lake.Store
	done   map[string]map[string]bool // IDs of the objects that are done, by day; nil for a day that is not yet read from the ledger
	said   map[string]bool            // the IDs of objects that could not be read; each is reported once
	tally
}

func (c *ingestCommand) objects(ctx context.Context, std streams) (int, error) {
	target, every, err := c.objectFlags()
	if err != nil {
		return 0, err
	}
	o := &objects{std: std, app: c.App, said: map[string]bool{}}
	if o.source, err = openSource(ctx, c.From); err != nil {
		return 0, err
	}
	if o.target, err = openStore(ctx, target); err != nil {
		return 0, err
	}
	if o.ledger, err = openStore(ctx, within(target, ledgerPart)); err != nil {
		return 0, err
	}
	return o.run(ctx, every), nil
}

// objectFlags checks the flags. It returns the store for the files, and the pause between two
// passes, which is 0 for a single pass.
func (c *ingestCommand) objectFlags() (target string, every time.Duration, err error) {
	if !isStore(c.From) {
		return "", 0, usagef("ingest reads standard input, or a directory of objects: clew-audit ingest … < %s", clip(c.From))
	}
	if c.Every != "" {
		var ok bool
		if every, ok = when.Duration(c.Every); !ok || every == 0 {
			return "", 0, usagef("--every wants a duration such as 1m, not %q", clip(c.Every))
		}
	}
	if c.Store != "" || c.Firehose != "" {
		return "", 0, usagef("--store and --firehose are for standard input: the files of objects go to --dir, without a journal")
	}
	if target, err = c.one(); err != nil {
		return "", 0, err
	}
	if includes(c.From, target) || includes(target, c.From) {
		return "", 0, usagef("the objects and the files need separate directories: one of %s and %s contains the other", clip(c.From), clip(target))
	}
	return target, every, nil
}

// run reads the new objects again and again until ctx ends, with the pause every in between. If
// every is 0, it reads them once. It returns the exit code.
func (o *objects) run(ctx context.Context, every time.Duration) int {
	code := exitFound
	for failedBefore := 0; ; failedBefore = o.failed {
		err := o.pass(ctx)
		interrupted := ctx.Err() != nil
		if interrupted {
			err = nil
		}
		if err != nil {
			o.std.sayLines(err)
		}
		code = o.exitCode(code, err)
		if every == 0 || o.objects > 0 || o.failed != failedBefore {
			o.std.say("%s", o.tally)
		}
		if every == 0 && interrupted {
			return exitInterrupted
		}
		if every == 0 || !pause(ctx, every) {
			return code
		}
	}
}

// exitCode returns the exit code after a pass that ended with err. The parameter before is the
// exit code after the earlier passes.
func (o *objects) exitCode(before int, err error) int {
	switch {
	case err != nil || o.failed > 0:
		return exitIncomplete
	case o.skipped > 0 && before == exitFound:
		return exitNothing
	}
	return before
}

// pause waits for d, or until ctx ends. It returns false if ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// pass reads all objects that are not done. It returns an error of the target, of the ledger, or
// of listing the source.
func (o *objects) pass(ctx context.Context) error {
	o.tally, o.done = tally{}, map[string]map[string]bool{}
	var unlisted []error
	for f, err := range o.source.List(ctx, "") {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			unlisted = append(unlisted, err)
			continue
		}
		if hiddenName(f.Name) {
			continue
		}
		if err := o.object(ctx, f); err != nil {
			return err
		}
	}
	return errors.Join(unlisted...)
}

// hiddenName reports whether a name belongs to an incomplete file or to a directory, and not to an
// object.
func hiddenName(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '_' || part[0] == '.' {
			return true
		}
	}
	return false
}

// objectID returns the ID in the names of an object's files. IDs sort by the time of the last
// change.
func objectID(f lake.File) string {
	hash := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%d", f.Name, f.Size, f.Modified.UnixNano()))
	return fmt.Sprintf("%016x", uint64(f.Modified.UnixMicro())) + hex.EncodeToString(hash[:8])
}

// object reads an object, unless it is done.
func (o *objects) object(ctx context.Context, f lake.File) error {
	id, day := objectID(f), f.Modified.UTC().Format(time.DateOnly)
	if o.done[day] == nil {
		if err := o.readDay(ctx, day); err != nil {
			return err
		}
	}
	if o.done[day][id] {
		o.before++
		return nil
	}
	in := ingestion{std: o.std, app: o.app, object: f.Name, at: f.Modified, skipped: o.skipped}
	written, readErr, err := o.write(ctx, f, id, &in)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if readErr != nil {
		o.fail(f, id, readErr)
		return nil
	}
	if err != nil {
		return fmt.Errorf("not all events of %s were written, and no other object was read: %w", f.Name, err)
	}
	in.skipped -= o.skipped
	if in.lines > 0 && in.nameless == in.lines { // the object is not marked as done, so that ingest --app can read it
		o.fail(f, id, errNoApp)
		return nil
	}
	if err := o.mark(ctx, f, day, id, in, written); err != nil {
		return fmt.Errorf("%s is not marked as done, and no other object was read: %w", f.Name, err)
	}
	o.objects++
	o.lines += in.lines
	o.skipped += in.skipped
	o.events += written.Events
	o.files += written.Files
	return nil
}

// write makes files from the events in an object. The result readErr is an error of reading the
// object, and err is an error of the target.
func (o *objects) write(ctx context.Context, f lake.File, id string, in *ingestion) (written lake.Written, readErr, err error) {
	text, err := o.open(ctx, f)
	if err != nil {
		return written, err, nil
	}
	defer text.Close()
	written, err = lake.Write(ctx, o.target, id, func(yield func(lake.Event, error) bool) {
		in.write = func(_ context.Context, e lake.Event) error {
			if size := sizeOf(&e); size > audit.MaxEvent {
				return fmt.Errorf("%w: it has %d bytes, and the limit is %d", errEvent, size, audit.MaxEvent)
			}
			if !yield(e, nil) {
				return errEnough
			}
			return nil
		}
		readErr = in.read(ctx, io.NopCloser(text))
		switch {
		case errors.Is(readErr, errEnough):
			readErr = nil // lake.Write returns its own error
		case readErr != nil:
			yield(lake.Event{}, readErr)
		}
	})
	return written, readErr, err
}

// errEnough ends the reading of an object whose events cannot be written.
var errEnough = errors.New("no more events are wanted")

// open opens an object for reading. It returns an error if the object's size is no longer the size
// in the listing.
func (o *objects) open(ctx context.Context, f lake.File) (io.ReadCloser, error) {
	r, err := o.source.Open(ctx, f.Name)
	if err != nil {
		return nil, err
	}
	if r.Size() != f.Size {
		return nil, errors.Join(errors.New("it has changed since it was listed"), r.Close())
	}
	ahead := bufio.NewReaderSize(io.NewSectionReader(r, 0, f.Size), int(min(readAhead, max(f.Size, 16))))
	text, err := decompressed(ahead)
	if err != nil {
		if foreign := (*foreignError)(nil); errors.As(err, &foreign) {
			foreign.args = "ingest"
		}
		return nil, errors.Join(err, r.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{text, closers{text, r}}, nil
}

// sizeOf returns the approximate size that an event has in a journal.
func sizeOf(e *lake.Event) int {
	size := len(e.App) + len(e.Message) + len(e.TraceID)
	for key, value := range e.Context {
		size += len(key) + len(value)
	}
	for _, name := range e.TraceNames {
		size += len(name)
	}
	return size
}

// fail counts an object that could not be read, and reports the object once.
func (o *objects) fail(f lake.File, id string, err error) {
	o.failed++
	if o.said[id] {
		return
	}
	o.said[id] = true
	o.fresh++
	switch {
	case o.fresh <= named:
		o.std.say("%s is left for the next time: %v", f.Name, err)
	case o.fresh == named+1:
		o.std.say("more objects are left, and are only counted")
	}
}

// readDay reads from the ledger which objects of a day are done.
func (o *objects) readDay(ctx context.Context, day string) error {
	done := map[string]bool{}
	for f, err := range o.ledger.List(ctx, day+"/") {
		if err != nil {
			return fmt.Errorf("listing the objects that are done: %w", err)
		}
		done[strings.TrimSuffix(path.Base(f.Name), ".json")] = true
	}
	o.done[day] = done
	return nil
}

// mark records in the ledger that an object is done.
func (o *objects) mark(ctx context.Context, f lake.File, day, id string, in ingestion, written lake.Written) error {
	text, err := json.Marshal(struct {
		Object   string    `json:"object"`
		Size     int64     `json:"size"`
		Modified time.Time `json:"modified"`
		Lines    int       `json:"lines"`
		Skipped  int       `json:"skipped"`
		Events   int       `json:"events"`
		Files    int       `json:"files"`
	}{f.Name, f.Size, f.Modified.UTC(), in.lines, in.skipped, written.Events, written.Files})
	if err != nil {
		return err
	}
	text = append(text, '\n')
	o.done[day][id] = true
	return o.ledger.Put(ctx, day+"/"+id+".json", bytes.NewReader(text), int64(len(text)))
}
