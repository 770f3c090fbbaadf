package resty

import (
	"context"
	"net/http"
)

type Client struct{}

func New() *Client                         { return nil }
func NewWithClient(c *http.Client) *Client { return nil }

func (c *Client) R() *Request                   { return nil }
func (c *Client) SetBaseURL(url string) *Client { return c }

type Request struct{}

func (r *Request) Context() context.Context                { return nil }
func (r *Request) SetContext(ctx context.Context) *Request { return r }
func (r *Request) SetBody(body any) *Request               { return r }
func (r *Request) Get(url string) (any, error)             { return nil, nil }
func (r *Request) SetHeader(name, value string) *Request   { return r }
