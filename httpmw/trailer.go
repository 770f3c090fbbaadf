package httpmw

import (
	"io"
	"net/http"
)

// withoutTrailers replaces seen.Trailer by a copy without the refused headers. Otherwise a client
// could send a refused header as a trailer.
func (r refused) withoutTrailers(seen *http.Request) {
	arriving := seen.Trailer // net/http fills it when the body ends
	seen.Trailer = http.Header{}
	b := &trailerBody{seen.Body, arriving, seen.Trailer, r}
	b.update()
	if seen.Body != nil {
		seen.Body = b
	}
}

// trailerBody is the body of a request whose trailers are not all believed.
type trailerBody struct {
	io.ReadCloser
	arriving, seen http.Header
	refused        refused
}

func (b *trailerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.update()
	}
	return n, err
}

func (b *trailerBody) Close() error {
	err := b.ReadCloser.Close() // reads the trailers too, if little of the body is left
	b.update()
	return err
}

func (b *trailerBody) update() {
	for name, values := range b.arriving {
		if !b.refused.has(name) {
			b.seen[name] = values
		}
	}
}
