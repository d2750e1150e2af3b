export { toBatchRef, toBatchRequest, toBatchResource } from './convert/batch.ts';
export { toChatRequest, toChatResource } from './convert/chat.ts';
export { toEmbeddingRequest, toEmbeddingResource } from './convert/embeddings.ts';
export { isFindable, keyOf } from './convert/metadata.ts';
export { toBackgroundResource, toResponseRef, toResponseRequest, toResponseResource } from './convert/responses.ts';
