package filter

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/clew/audit/filter/internal/rules"
	"example.com/clew/audit/filter/internal/source"
)

const (
	stateDir     = "_filters"
	stateVersion = 1
	maxState     = 8 << 20
	maxFileName  = 150
	// stale is how many polls old a state may be before its service counts as ended.
	stale = 4
)

// State is the state of a service's filters. The file Dir/_filters/APP.json has it as one JSON
// object with the names of the fields' tags. The file is replaced at each poll, and when a filter
// is switched off.
type State struct {
	Version  int       `json:"version"` // 1
	App      string    `json:"app"`
	Filtered bool      `json:"filtered"` // Config.Filtered
	PID      int       `json:"pid"`
	Opened   time.Time `json:"opened"`
	Updated  time.Time `json:"updated"`
	Closed   time.Time `json:"closed,omitzero"` // zero: the Set was not closed
	// Every is Config.Every.
	Every time.Duration `json:"every_ns"`
	Stats
}

// IsRunning reports whether the service runs at now: its Set was not closed, and has written the
// state within the time of four polls and one reading of the source.
func (st *State) IsRunning(now time.Time) bool {
	return st.Closed.IsZero() && now.Sub(st.Updated) < stale*max(st.Every, time.Second)+source.Timeout
}

// ReadState returns the states of the filters in a directory, Config.Dir, in the order of the
// services' file names. A directory without states is no error. An error names the files that
// could not be read, and comes with the states of the others. Texts are as the files have them:
// escape what is not printable before it goes to a terminal.
func ReadState(dir string) ([]State, error) {
	dir = filepath.Join(dir, stateDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	var states []State
	var wrong []error
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".json" || !entry.Type().IsRegular() {
			continue
		}
		state, err := readState(filepath.Join(dir, entry.Name()))
		if err != nil {
			wrong = append(wrong, fmt.Errorf("filter: %w", err))
			continue
		}
		states = append(states, state)
	}
	return states, errors.Join(wrong...)
}

func readState(path string) (state State, err error) {
	f, err := os.Open(path)
	if err != nil {
		return state, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxState+1))
	switch {
	case err != nil:
		return state, err
	case len(text) > maxState:
		return state, fmt.Errorf("%s is larger than %d bytes", path, maxState)
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return state, fmt.Errorf("%s: %w", path, err)
	}
	if state.Version != stateVersion {
		return state, fmt.Errorf("%s is of version %d, and this reads version %d", path, state.Version, stateVersion)
	}
	return state, nil
}

// writeState writes the state, and notes whether that worked.
func (s *Set) writeState(closed bool) {
	if s.cfg.Dir == "" {
		return
	}
	reason := ""
	if err := s.tryWriteState(closed); err != nil {
		reason = rules.Printable(err.Error())
	}
	s.mu.Lock()
	before := s.stateErr
	s.stateErr = reason
	s.mu.Unlock()
	if reason != "" && before == "" {
		s.warn("audit filters: their state cannot be written", slog.String("error", reason))
	}
}

func (s *Set) tryWriteState(closed bool) error {
	now := time.Now().UTC()
	state := State{Version: stateVersion, App: s.cfg.App, Filtered: s.cfg.Filtered, PID: os.Getpid(),
		Opened: s.opened.UTC(), Updated: now, Every: s.cfg.Every, Stats: s.Stats()}
	if closed {
		state.Closed = now
	}
	text, err := json.MarshalIndent(state, "", "\t")
	if err != nil {
		return err
	}
	dir := filepath.Join(s.cfg.Dir, stateDir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	path := filepath.Join(dir, fileName(s.cfg.App))
	temporary := path + ".tmp" // a reader never sees half a state
	if err := os.WriteFile(temporary, append(text, '\n'), 0o666); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return os.Rename(temporary, path)
}

// fileName returns the name of an app's file: letters, digits, - and _ are as they are, and so are
// dots after the first byte; other bytes are %XX. A long name is cut, and the digest of app
// follows.
func fileName(app string) string {
	var b strings.Builder
	for i := range len(app) {
		c := app[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	name := b.String()
	if len(name) > maxFileName {
		name = fmt.Sprintf("%s-%x", name[:maxFileName/2], sha256.Sum256([]byte(app)))
	}
	return name + ".json"
}
