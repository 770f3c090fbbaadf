// Package source reads the files of filters from a directory, a file or a URL.
package source

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/clew/audit/filter/internal/rules"
)

// Timeout limits the time of a read of the source.
const Timeout = 10 * time.Second

// settle is the pause after which a changed file is read again.
const settle = 200 * time.Millisecond

// maxTotal bounds the bytes of all files of a directory, because their texts stay in memory.
const maxTotal = 16 << 20

// Config configures a Source: see [Open]. Where is required.
type Config struct {
	Where           string // a directory, a file, or a URL
	Header          string // the path of a file with one line "Name: value"; only for a URL
	SHA256          string // the digest of the content, in hexadecimal digits; not for a directory
	HMACKey         string // the path of a file with the key; only for a URL
	SignatureHeader string // the header of the response with the HMAC-SHA256
}

// File is one file of the source.
type File struct {
	Name string // the file's name without the directory, or the URL without parts that may be secret
	Text []byte // the content; the Source never changes these bytes
	Err  error  // the file could not be read, or is changing: keep its last text
}

// Source is a directory, a file or a URL. Only one goroutine at a time may use it.
type Source struct {
	cfg     Config
	name    string
	pin     []byte
	web     *web // nil: a path
	last    map[string][]byte
	timeout time.Duration
	settle  time.Duration
}

// Open checks cfg. It reads nothing.
func Open(cfg Config) (*Source, error) {
	s := &Source{cfg: cfg, name: rules.Printable(cfg.Where), timeout: Timeout, settle: settle}
	var wrong []error
	refuse := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if cfg.Where == "" {
		refuse("Config.Source is empty")
	}
	if cfg.SHA256 != "" {
		pin, err := hex.DecodeString(cfg.SHA256)
		if err != nil || len(pin) != sha256.Size {
			refuse("Config.SHA256 is not 64 hexadecimal digits")
		}
		s.pin = pin
	}
	if cfg.SignatureHeader != "" && !isToken(cfg.SignatureHeader) {
		refuse("Config.SignatureHeader is not the name of a header")
	}
	if (cfg.HMACKey == "") != (cfg.SignatureHeader == "") {
		refuse("Config.HMACKey and Config.SignatureHeader belong together")
	}
	if strings.Contains(cfg.Where, "://") {
		web, err := newWeb(cfg)
		if err != nil {
			refuse("Config.Source: %w", err)
		} else {
			s.web, s.name = web, web.name
		}
	} else if cfg.Header != "" || cfg.HMACKey != "" {
		refuse("Config.Header and Config.HMACKey are for a URL, and Config.Source is not one")
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return s, nil
}

// String returns the source for a log line. A URL is without parts that may be secret.
func (s *Source) String() string { return s.name }

// Close ends the connections.
func (s *Source) Close() {
	if s.web != nil {
		s.web.transport.CloseIdleConnections()
	}
}

// Read returns the files in the order of their names. An error means that the source cannot be
// read at all: keep the last files. The error's text contains no credentials, and nothing of the
// content.
func (s *Source) Read(ctx context.Context) ([]File, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("no whole answer within %v", s.timeout))
	defer cancel()
	if s.web != nil {
		text, err := s.web.read(ctx, s.pin)
		if err != nil {
			return nil, err
		}
		return []File{{Name: s.name, Text: text}}, nil
	}
	return s.readPath(ctx)
}

// checkPin compares text with the digest that was configured.
func checkPin(pin, text []byte) error {
	if pin == nil {
		return nil
	}
	if sum := sha256.Sum256(text); subtle.ConstantTimeCompare(sum[:], pin) != 1 {
		return errors.New("the content does not have the digest of Config.SHA256")
	}
	return nil
}
