package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
)

const maxMessageBytes = 64 << 20

// rpcRecord is one call that went through the relay.
type rpcRecord struct {
	Seq       int               `json:"seq"`
	Method    string            `json:"method"`
	TMs       int64             `json:"t_ms"`
	Ms        int64             `json:"ms"`
	Code      string            `json:"code"`
	Message   string            `json:"message,omitempty"`
	Fault     string            `json:"fault,omitempty"`
	Upstream  bool              `json:"reached_server"`
	TimeoutMs int64             `json:"deadline_ms,omitempty"`
	Req       []json.RawMessage `json:"req,omitempty"`
	Res       []json.RawMessage `json:"res,omitempty"`
	ReqBytes  int               `json:"req_bytes"`
	ResBytes  int               `json:"res_bytes"`
}

// relay stands between the plugin and the server under test, transparently for both. It records every call and injects
// faults, so that the plugin's own client code stays untouched.
type relay struct {
	start    time.Time
	faults   []fault
	conn     *grpc.ClientConn
	addr     string
	keepMsgs bool

	mu      sync.Mutex
	records []*rpcRecord
	counts  map[string]int
}

func newRelay(target string, faults []fault, keepMsgs bool) (*relay, error) {
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{}), grpc.MaxCallRecvMsgSize(maxMessageBytes)))
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &relay{start: time.Now(), counts: map[string]int{}, faults: faults, conn: conn, addr: listener.Addr().String(), keepMsgs: keepMsgs}
	server := grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.UnknownServiceHandler(r.handle), grpc.MaxRecvMsgSize(maxMessageBytes))
	go func() { _ = server.Serve(listener) }()
	return r, nil
}

// handle relays one call.
func (r *relay) handle(_ any, plugin grpc.ServerStream) (err error) {
	method, _ := grpc.MethodFromServerStream(plugin)
	ctx := plugin.Context()
	record, injected := r.begin(ctx, method)
	began := time.Now()
	seen := &messages{}
	defer func() { r.end(record, began, seen, err) }()

	if injected != nil && injected.delay > 0 {
		select {
		case <-time.After(injected.delay):
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
	if injected != nil && injected.delay == 0 && !injected.after {
		var message []byte
		if e := plugin.RecvMsg(&message); e == nil {
			seen.addRequest(message)
		}
		return status.Error(injected.code, "injected by propeller-drive")
	}

	onward := ctx
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		onward = metadata.NewOutgoingContext(ctx, md.Copy())
	}
	onward, cancel := context.WithCancel(onward)
	defer cancel()
	server, err := r.conn.NewStream(onward, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		return err
	}
	r.mu.Lock()
	record.Upstream = true
	r.mu.Unlock()
	go relayRequests(plugin, server, cancel, seen)
	dropped := injected != nil && injected.after
	for {
		var message []byte
		if e := server.RecvMsg(&message); e != nil {
			if dropped {
				return status.Error(injected.code, "response dropped by propeller-drive")
			}
			plugin.SetTrailer(server.Trailer())
			if e == io.EOF {
				return nil
			}
			return e
		}
		seen.addResponse(message)
		if dropped {
			continue
		}
		if e := plugin.SendMsg(&message); e != nil {
			return e
		}
	}
}

func relayRequests(plugin grpc.ServerStream, server grpc.ClientStream, cancel context.CancelFunc, seen *messages) {
	for {
		var message []byte
		if e := plugin.RecvMsg(&message); e != nil {
			if e == io.EOF {
				_ = server.CloseSend()
			} else {
				cancel()
			}
			return
		}
		seen.addRequest(message)
		if e := server.SendMsg(&message); e != nil {
			return
		}
	}
}

// begin opens the call's record and finds the fault that meets it; of several the last.
func (r *relay) begin(ctx context.Context, method string) (*rpcRecord, *fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	short := shortMethod(method)
	r.counts[short]++
	n := r.counts[short]
	record := &rpcRecord{Seq: len(r.records) + 1, Method: method, TMs: time.Since(r.start).Milliseconds()}
	if deadline, ok := ctx.Deadline(); ok {
		record.TimeoutMs = time.Until(deadline).Milliseconds()
	}
	r.records = append(r.records, record)
	var injected *fault
	for i := range r.faults {
		if f := &r.faults[i]; f.method == short && n >= f.from && n <= f.to {
			injected = f
			record.Fault = f.text
		}
	}
	return record, injected
}

// end closes the call's record.
func (r *relay) end(record *rpcRecord, began time.Time, seen *messages, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen.mu.Lock()
	defer seen.mu.Unlock()
	st := status.Convert(err)
	record.Ms = time.Since(began).Milliseconds()
	record.Code, record.Message = st.Code().String(), st.Message()
	for _, b := range seen.requests {
		record.ReqBytes += len(b)
	}
	for _, b := range seen.responses {
		record.ResBytes += len(b)
	}
	if r.keepMsgs || strings.HasPrefix(shortMethod(record.Method), "List") {
		record.Req, record.Res = decodeAll(record.Method, true, seen.requests), decodeAll(record.Method, false, seen.responses)
	}
}

// snapshot copies the records. The plugin has its answer a moment before the relay has finished the call, so calls that
// still run get a second to end; those that hang stay in the report without a code.
func (r *relay) snapshot() []*rpcRecord {
	for deadline := time.Now().Add(time.Second); r.busy() && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*rpcRecord, len(r.records))
	for i, record := range r.records {
		c := *record
		out[i] = &c
	}
	return out
}

func (r *relay) busy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, record := range r.records {
		if record.Code == "" {
			return true
		}
	}
	return false
}

// messages are those of one call, in both directions.
type messages struct {
	mu                  sync.Mutex
	requests, responses [][]byte
}

func (m *messages) addRequest(message []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests = append(m.requests, message)
}

func (m *messages) addResponse(message []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.responses = append(m.responses, message)
}

// rawCodec leaves messages as the bytes that they are.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *(v.(*[]byte)), nil }

func (rawCodec) Unmarshal(data []byte, v any) error {
	*(v.(*[]byte)) = append([]byte(nil), data...)
	return nil
}

func (rawCodec) Name() string { return "proto" }

func shortMethod(method string) string { return method[strings.LastIndex(method, "/")+1:] }

// decodeAll prints a method's messages as protobuf JSON, and what it cannot decode as a remark.
func decodeAll(method string, request bool, all [][]byte) []json.RawMessage {
	name := strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", ".")
	descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	var out []json.RawMessage
	for _, b := range all {
		if err != nil {
			out = append(out, remark(fmt.Sprintf("%d bytes", len(b))))
			continue
		}
		methodDescriptor := descriptor.(protoreflect.MethodDescriptor)
		if request {
			out = append(out, decode(methodDescriptor.Input(), b))
		} else {
			out = append(out, decode(methodDescriptor.Output(), b))
		}
	}
	return out
}

func decode(descriptor protoreflect.MessageDescriptor, b []byte) json.RawMessage {
	var message proto.Message = dynamicpb.NewMessage(descriptor)
	if t, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName()); err == nil {
		message = t.New().Interface()
	}
	if err := proto.Unmarshal(b, message); err != nil {
		return remark("undecodable: " + err.Error())
	}
	text, err := protojson.Marshal(message)
	if err != nil {
		return remark("unprintable: " + err.Error())
	}
	return text
}

func remark(text string) json.RawMessage { return json.RawMessage(strconv.Quote(text)) }
