package doctor_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/clew/cmd/clew/internal/doctor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answerDNS answers one query for the addresses of a name, as a DNS server does over TCP.
func answerDNS(c net.Conn, address [4]byte) {
	defer c.Close()
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return
	}
	query := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, query); err != nil {
		return
	}
	end := 12
	for query[end] != 0 { // the labels of the name
		end += 1 + int(query[end])
	}
	question := query[12 : end+5]
	answer := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
	if question[len(question)-3] == 1 { // A, and not AAAA
		answer[7] = 1
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, address[:]...)
	}
	c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
}

// Only the addresses to which the user has agreed are dialled, even if DNS has others later.
func TestAddressesArePinned(t *testing.T) {
	var asked atomic.Int32
	var address atomic.Value
	address.Store([4]byte{127, 0, 0, 1})
	before := net.DefaultResolver
	defer func() { net.DefaultResolver = before }()
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		here, there := net.Pipe()
		go answerDNS(there, address.Load().([4]byte))
		return here, nil
	}}
	var host atomic.Value
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		host.Store(r.Host)
		w.Header().Set("X-B3-TraceId", orNew(hear(r.Header).trace))
	})
	url = strings.Replace(url, "127.0.0.1", "shop.example", 1)
	u, err := doctor.ParseURL(url)
	require.NoError(t, err)
	found, err := doctor.NewTarget(u, noProxy)
	require.NoError(t, err)
	assert.Zero(t, asked.Load(), "number of questions to DNS before anybody has agreed")
	assert.False(t, found.Loopback(), "before a lookup, the name may lead anywhere")
	assert.True(t, found.LookUp(t.Context()))
	require.Positive(t, asked.Load(), "number of questions to DNS")
	assert.True(t, found.Loopback())
	assert.Equal(t, url+" (127.0.0.1)", found.String())

	address.Store([4]byte{192, 0, 2, 1})
	asked.Store(0)
	d := config().Examine(t.Context(), found)
	assert.Equal(t, doctor.Adopted, d.Verdict, "%+v", d)
	assert.Zero(t, asked.Load(), "number of questions to DNS after the addresses were shown")
	assert.Contains(t, url, host.Load().(string))
	assert.False(t, target(t, url).Loopback(), "a new lookup finds the other address")
}
