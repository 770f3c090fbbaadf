package source_test

import (
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/audit/filter/internal/rules"
	"example.com/clew/audit/filter/internal/source"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const secret = "s3cr3t-t0ken-of-a-test"

func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

// headerFile returns the path of a file with a credential.
func headerFile(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "header", "Authorization: Bearer "+secret+"\n")
	return filepath.Join(dir, "header")
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  source.Config
		want string // "": no error
	}{
		{"https", source.Config{Where: "https://filters.example/f.yaml?token=" + secret}, ""},
		{"http to localhost", source.Config{Where: "http://localhost:8080/f.yaml"}, ""},
		{"http to 127.0.0.0/8", source.Config{Where: "http://127.3.2.1/f.yaml"}, ""},
		{"http to ::1", source.Config{Where: "http://[::1]:80/"}, ""},
		{"http to ::ffff:127.0.0.1", source.Config{Where: "http://[::ffff:127.0.0.1]/"}, ""},
		{"nothing", source.Config{}, "Config.Source is empty"},
		{"http to another machine", source.Config{Where: "http://filters.example/" + secret}, "use https"},
		{"http to a name that begins as localhost", source.Config{Where: "http://localhost.example/"}, "use https"},
		{"http to 0.0.0.0", source.Config{Where: "http://0.0.0.0/"}, "use https"},
		{"http to a number", source.Config{Where: "http://2130706433/"}, "use https"},
		{"http to another machine after an @", source.Config{Where: "http://localhost@evil.example/"}, "no user or password"},
		{"a password", source.Config{Where: "https://user:" + secret + "@filters.example/"}, "no user or password"},
		{"ftp", source.Config{Where: "ftp://filters.example/" + secret}, "neither a path nor a URL with https"},
		{"file", source.Config{Where: "file:///etc/filters"}, "a URL without a host"},
		{"no host", source.Config{Where: "https:///f.yaml"}, "a URL without a host"},
		{"not a URL", source.Config{Where: "https://filters.example/%zz" + secret}, "not a URL"},
		{"a digest that is short", source.Config{Where: "dir", SHA256: "abcd"}, "64 hexadecimal digits"},
		{"not a digest", source.Config{Where: "dir", SHA256: strings.Repeat("x", 64)}, "64 hexadecimal digits"},
		{"a header for a directory", source.Config{Where: "dir", Header: "h"}, "are for a URL"},
		{"a key for a directory", source.Config{Where: "dir", HMACKey: "k", SignatureHeader: "S"}, "are for a URL"},
		{"a key without a header", source.Config{Where: "https://filters.example/", HMACKey: "k"}, "belong together"},
		{"a signature without a key", source.Config{Where: "https://filters.example/", SignatureHeader: "S"}, "belong together"},
		{"not the name of a header", source.Config{Where: "https://filters.example/", HMACKey: "k", SignatureHeader: "a b"},
			"not the name of a header"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := source.Open(c.cfg)
			if c.want == "" {
				require.NoError(t, err)
				assert.NotContains(t, s.String(), secret)
				return
			}
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

func TestResolvedAddress(t *testing.T) {
	for _, address := range []string{"127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"} {
		assert.NoError(t, source.LoopbackOnly(address), address)
	}
	for _, address := range []string{"10.0.0.1:80", "0.0.0.0:80", "[fe80::1%eth0]:80", "169.254.169.254:80", "", "localhost:80"} {
		assert.Error(t, source.LoopbackOnly(address), address)
	}
}

// A bad answer leads to an error, which does not contain the credential. A good answer afterwards
// is used.
func TestBadAnswers(t *testing.T) {
	other := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "evil") })
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"status 500", func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.Header.Get("Authorization"), 500) }, "status 500"},
		{"status 204", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "status 204"},
		{"status 206", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(206) }, "status 206"},
		{"304 without a condition", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) }, "status 304"},
		{"more than a megabyte", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, rules.MaxFile+1)) }, "larger than 1048576 bytes"},
		{"an endless answer", func(w http.ResponseWriter, _ *http.Request) {
			for err := error(nil); err == nil; _, err = w.Write(make([]byte, 1<<16)) {
			}
		}, "larger than 1048576 bytes"},
		{"a small answer in gzip that has 50 MiB when it is unpacked", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(make([]byte, 50<<20))
			z.Close()
		}, "larger than 1048576 bytes"},
		{"an answer that is cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "name: a")
		}, "unexpected EOF"},
		{"a redirect to another host", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) }, "which is another host"},
		{"a redirect to the same host under another name", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		}, "which is another host"},
		{"a redirect for ever", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"a", http.StatusFound) }, "more than 5 redirects"},
		{"a connection that is cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var mended atomic.Bool
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if mended.Load() {
					fmt.Fprint(w, "good")
					return
				}
				c.handler(w, r)
			})
			s := open(t, source.Config{Where: server.URL + "/f.yaml?token=" + secret, Header: headerFile(t)})
			_, err := s.Read(t.Context())
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), secret)
			mended.Store(true)
			assert.Equal(t, map[string]string{server.URL + "/f.yaml": "good"}, read(t, s))
		})
	}
}

// A server that sends one byte after the other must not hold a reader longer than the timeout.
func TestTrickle(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			fmt.Fprint(w, "#")
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
		}
	})
	s := open(t, source.Config{Where: server.URL})
	s.SetTimeout(100 * time.Millisecond)
	_, err := s.Read(t.Context())
	assert.EqualError(t, err, "no whole answer within 100ms")
}

func TestSilentServer(t *testing.T) {
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s := open(t, source.Config{Where: server.URL})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fmt.Errorf("the service ends"))
	_, err := s.Read(ctx)
	assert.EqualError(t, err, "the service ends")
}

func TestConditionalGet(t *testing.T) {
	for _, c := range []struct {
		name, header, value, condition string
	}{
		{"ETag", "ETag", `"v1"`, "If-None-Match"},
		{"Last-Modified", "Last-Modified", "Thu, 26 Nov 2026 08:00:00 GMT", "If-Modified-Since"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string // needs no mutex: each answer arrives before the next request
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got = append(got, r.Header.Get(c.condition))
				if r.Header.Get(c.condition) == c.value {
					w.WriteHeader(304) // the server never sends new content
					return
				}
				w.Header().Set(c.header, c.value)
				fmt.Fprint(w, "text ", len(got))
			})
			s := open(t, source.Config{Where: server.URL})
			for i := range source.WholeEvery {
				assert.Equal(t, map[string]string{server.URL: "text 1"}, read(t, s), i)
			}
			assert.Equal(t, []string{"", c.value, c.value}, got[:3])
			assert.Equal(t, map[string]string{server.URL: fmt.Sprint("text ", source.WholeEvery+1)}, read(t, s),
				"after wholeEvery requests, the server must send the content again")
		})
	}
}

// If a server answers 304 to a request without a condition, reads fail until it sends the content.
func Test304ForEver(t *testing.T) {
	mended, conditional := false, 0 // need no mutex: each answer arrives before the next request
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			conditional++
		}
		if conditional > 0 && !mended {
			w.WriteHeader(304)
			return
		}
		w.Header().Set("ETag", "v")
		fmt.Fprint(w, "text")
	})
	s := open(t, source.Config{Where: server.URL})
	for range source.WholeEvery {
		read(t, s)
	}
	for range source.WholeEvery + 1 {
		_, err := s.Read(t.Context())
		require.EqualError(t, err, "status 304", "the error must stay")
	}
	require.Equal(t, source.WholeEvery-1, conditional)
	mended = true
	read(t, s)
	require.Equal(t, source.WholeEvery-1, conditional, "the request has no condition")
	read(t, s)
	assert.Equal(t, source.WholeEvery, conditional, "the next request has a condition again")
}

func TestCredential(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/f.yaml", http.StatusTemporaryRedirect)
			return
		}
		fmt.Fprint(w, r.Header.Get("Authorization"), r.URL.Path)
	})
	s := open(t, source.Config{Where: server.URL + "/", Header: headerFile(t)})
	assert.Equal(t, map[string]string{server.URL + "/": "Bearer " + secret + "/f.yaml"}, read(t, s), "the credential is also sent after a redirect within the host")
}

func TestBadHeaderFiles(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "x") })
	for _, c := range []struct {
		name, text, want string
	}{
		{"empty", "", "not one line"},
		{"a value alone", secret, "not one line"},
		{"no value", "Authorization:", "not one line"},
		{"an invalid name", "A b: " + secret, "not one line"},
		{"two lines", "A: " + secret + "\nB: x", "more than one line"},
		{"a carriage return", "A: " + secret + "\rB: x", "more than one line"},
		{"the header Host", "host: " + secret, "a header that the request sets itself"},
		{"too large", "A: " + strings.Repeat(secret, 100_000), "larger than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "h", c.text)
			_, err := open(t, source.Config{Where: server.URL, Header: filepath.Join(dir, "h")}).Read(t.Context())
			require.ErrorContains(t, err, "the file of Config.Header: "+c.want)
			assert.NotContains(t, err.Error(), secret)
		})
	}
	_, err := open(t, source.Config{Where: server.URL, Header: filepath.Join(t.TempDir(), "h")}).Read(t.Context())
	assert.ErrorContains(t, err, "no such file")
}

func TestPinAndSignature(t *testing.T) {
	const content, key = "name: a", "0123456789abcdef"
	sum := sha256.Sum256([]byte(content))
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(content))
	good := hex.EncodeToString(mac.Sum(nil))
	pin := hex.EncodeToString(sum[:])
	for _, c := range []struct {
		name, pin, key, signature, want string
	}{
		{"the digest", pin, "", "", ""},
		{"the digest in capitals", strings.ToUpper(pin), "", "", ""},
		{"another digest", strings.Repeat("0", 64), "", "", "does not have the digest"},
		{"the signature", "", key, good, ""},
		{"the signature with the prefix sha256=", "", key + "\n", "sha256=" + good, ""},
		{"the digest and the signature", pin, key, good, ""},
		{"no signature", "", key, "", "no signature: the response has no header X-Signature"},
		{"another signature", "", key, strings.Repeat("0", 64), "does not match the content"},
		{"half a signature", "", key, good[:32], "does not match the content"},
		{"not hexadecimal digits", "", key, "x", "does not match the content"},
		{"another key", "", "another-key-of-16", good, "does not match the content"},
		{"a short key", "", "short", good, "less than 16 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.signature != "" {
					w.Header().Set("X-Signature", c.signature)
				}
				w.Header().Set("ETag", "v")
				fmt.Fprint(w, content)
			})
			cfg := source.Config{Where: server.URL, SHA256: c.pin}
			if c.key != "" {
				dir := t.TempDir()
				write(t, dir, "key", c.key)
				cfg.HMACKey, cfg.SignatureHeader = filepath.Join(dir, "key"), "X-Signature"
			}
			s := open(t, cfg)
			if c.want == "" {
				assert.Equal(t, map[string]string{server.URL: content}, read(t, s))
				return
			}
			for range 2 { // a refused answer must not become a condition of the next request
				_, err := s.Read(t.Context())
				require.ErrorContains(t, err, c.want)
			}
		})
	}
}

func TestHTTPS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Redirect(w, r, "http://"+r.Host+"/", http.StatusFound)
			return
		}
		fmt.Fprint(w, "good")
	}))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())

	s := open(t, source.Config{Where: server.URL + "/"})
	_, err := s.Read(t.Context())
	require.ErrorContains(t, err, "certificate", "without SetTLS, the authority of the certificate is unknown")
	s.SetTLS(&tls.Config{RootCAs: roots})
	assert.Equal(t, map[string]string{server.URL + "/": "good"}, read(t, s))

	s = open(t, source.Config{Where: server.URL + "/down"})
	s.SetTLS(&tls.Config{RootCAs: roots})
	_, err = s.Read(t.Context())
	assert.ErrorContains(t, err, "a redirect to http://")
}
